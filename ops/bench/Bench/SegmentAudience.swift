import Core
import EventLoop
import Model
import Postgres
import Segments

/// A million endpoints with twenty attributes and five million events: one app of the suite, and the same in the peer.
struct SegmentAudience: Sendable {
    static let endpoints = BenchContext.scaled(1_000_000, step: 1000)
    static let events = BenchContext.scaled(5_000_000, step: 1000)
    private static let threads = 2

    let suite: Suite
    let peer: PeerProcess
    let app: AppID
    /// When the audience is as it is. No answer changes in the six hours after it.
    let now: Instant
    let database: Database

    init(_ context: BenchContext, _ suite: Suite) async throws {
        self.suite = suite
        let name = try suite.identifier(try await suite.call("POST", "/v1/apps", ["Name": "bench segments"]))
        guard let app = AppID(name) else { throw Fault(.unavailable, "an app has the id \(name)") }
        self.app = app
        let epoch = suite.environment.now().microseconds / 1_000_000
        now = Instant(microseconds: epoch * 1_000_000)
        let arguments = [
            try BenchContext.require("BENCH_PYTHON"), "\(try BenchContext.require("BENCH_FOLDER"))/segments_peer.py",
            "\(suite.home)/segments.duckdb", String(Self.threads),
        ]
        let peer = try PeerProcess(arguments)
        self.peer = peer
        let url = suite.databaseURL
        database = Database(
            url: url, loop: context.loop, environment: context.environment, metrics: context.metrics, poolSize: 2)
        Report.line("(loading \(Self.endpoints) endpoints and \(Self.events) events)")
        try await context.loop.offload {
            try peer.ask("make", String(Self.endpoints), String(Self.events), name, String(epoch))
            try peer.ask("load", url)
        }
    }

    // MARK: Answers

    /// By the statement that the product compiles.
    func count(_ question: SegmentQuestion) async throws -> Int {
        let predicate = SegmentCompiler.predicate(question.segment, app: app, now: now)
        let rows = try await query("SELECT count(*) FROM endpoints AS e WHERE \(predicate)")
        return Int(try rows[0].get(0) as Int64)
    }

    func keys(_ question: SegmentQuestion) async throws -> [Int64] {
        let predicate = SegmentCompiler.predicate(question.segment, app: app, now: now)
        return try await query("SELECT e.endpoint_key FROM endpoints AS e WHERE \(predicate)").map { try $0.get(0) }
    }

    private func query(_ statement: SQL) async throws -> [Row] {
        try await database.withSession { try await SegmentPlanning.query(statement, in: $0) }
    }

    /// By a signed request over segment-service's own socket.
    func estimate(_ question: SegmentQuestion, _ socket: String) async throws -> JSON {
        try await suite.call(
            "POST", "/v1/apps/\(app.description)/segments/estimate", question.request, socket: socket)
    }

    /// Until segment-service answers from its index, which the first question makes it load. False when it never does, or refuses.
    func awaitIndex(_ question: SegmentQuestion, _ socket: String) async throws -> Bool {
        do {
            try await suite.poll(every: .milliseconds(500), seconds: 60, "the index of segment-service") {
                try await estimate(question, socket)["Source"]?.string?.uppercased() == "INDEX"
            }
            return true
        } catch let fault as Fault {
            Report.line("(\(question.rawValue) is not asked through the API: \(fault.description))")
            return false
        }
    }

    /// By the peer: how many, and the seconds that one answer took.
    func peerAnswers(_ question: String, times: Int) async throws -> (answer: Int, seconds: Double) {
        let peer = peer
        let reply = try await suite.loop.offload { try peer.ask("ask", question, String(times)) }
        guard let answer = reply["answer"]?.int, let milliseconds = reply["ms"]?.array?.compactMap(\.number) else {
            throw Fault(.unavailable, "the peer answered \(question) in another way")
        }
        return (answer, milliseconds.reduce(0, +) / 1000)
    }
}
