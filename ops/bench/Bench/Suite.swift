import Access
import Core
import EventLoop
import Glibc
import HTTPClient
import Runtime

/// The running suite, used as any Pinpoint client would: signed requests through the gateway.
struct Suite: Sendable {
    let http: HTTPClient
    let environment: Environment
    let loop: EventLoop
    /// `127.0.0.1:8080`
    let host: String
    let key: KeyPair
    let region: String
    let databaseURL: String
    /// Starts and watches every process of the suite.
    let supervisor: pid_t
    let home: String

    init(_ context: BenchContext) throws {
        environment = context.environment
        loop = context.loop
        http = HTTPClient(environment: context.environment, metrics: context.metrics)
        let url = try context.configuration.require(Settings.url)
        host = String(url.split(separator: "/").last ?? "")
        key = KeyPair(
            id: try BenchContext.require("AWS_ACCESS_KEY_ID"), secret: try BenchContext.require("AWS_SECRET_ACCESS_KEY")
        )
        region = BenchContext.variable("AWS_DEFAULT_REGION") ?? context.configuration.region
        databaseURL = try context.databaseURL
        home = try context.configuration.require(Settings.home)
        let mark = Report.text("\(home)/pids/supervisor").split { $0 == " " || $0 == "\n" }.first ?? ""
        guard let pid = pid_t(mark), ProcessEntry(pid: pid) != nil else {
            throw Fault(.configuration, "no suite runs under \(home)")
        }
        supervisor = pid
    }

    var roots: [pid_t: CPUShare] {
        var roots: [pid_t: CPUShare] = [supervisor: .ours]
        if let sink = BenchContext.variable("BENCH_SINK_PID").flatMap({ pid_t($0) }) { roots[sink] = .client }
        return roots
    }

    var processes: [ProcessEntry] { ProcessEntry.descendants(of: supervisor) }

    /// Through the gateway, or straight to the process that listens on `socket`.
    func call(_ method: String, _ target: String, _ body: JSON? = nil, socket: String? = nil) async throws -> JSON {
        let bytes = body?.serialized ?? []
        let headers = body == nil ? [] : [(name: "Content-Type", value: "application/json")]
        let answer = try await http.send(
            ClientRequest(
                method: method, url: "http://\(host)\(target)",
                headers: headers + sign(method, target, headers, bytes), body: bytes, unixSocketPath: socket,
                responseLimitBytes: 4 << 20))
        guard (200...299).contains(answer.status) else {
            throw Fault(
                .unavailable,
                "\(method) \(target) answered \(answer.status): \(String(decoding: answer.body.prefix(300), as: UTF8.self))"
            )
        }
        return try JSON.parse(answer.body)
    }

    func sign(
        _ method: String, _ target: String, _ headers: [(name: String, value: String)], _ body: [UInt8]
    ) -> [(name: String, value: String)] {
        SigV4.sign(
            method: method, host: host, target: target, headers: headers, body: body, key: key, region: region,
            at: environment.realNow())
    }

    func process(_ name: String) throws(Fault) -> ProcessEntry {
        guard let process = processes.first(where: { $0.name == name }) else {
            throw Fault(.configuration, "\(name) does not run")
        }
        return process
    }

    /// Where a process listens under `up`.
    func socket(of name: String) throws(Fault) -> String {
        let settings = Report.text("/proc/\(try process(name).pid)/environ").split(separator: "\0")
        guard let listen = settings.first(where: { $0.hasPrefix("NEEDLETAIL_LISTEN=unix:") }) else {
            throw Fault(.configuration, "\(name) does not listen on a socket")
        }
        return String(listen.dropFirst("NEEDLETAIL_LISTEN=unix:".count))
    }

    func identifier(_ json: JSON) throws(Fault) -> String {
        guard let id = json["Id"]?.string else { throw Fault(.unavailable, "the answer has no Id") }
        return id
    }

    /// Until `isDone`, at most `seconds`.
    func poll(every pause: Duration, seconds: Int64, _ what: String, _ isDone: () async throws -> Bool) async throws {
        let deadline = MonotonicClock.now() + seconds * 1_000_000
        while try await !isDone() {
            guard MonotonicClock.now() < deadline else { throw Fault(.timeout, "\(what) took more than \(seconds) s") }
            try await loop.sleep(for: pause)
        }
    }
}
