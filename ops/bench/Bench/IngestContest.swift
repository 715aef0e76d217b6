import Core
import EventLoop
import Postgres

/// I1: durable ingest. PutEvents of 100 events, each event keyed and deduplicated, endpoints upserted, change log written, answered
/// 202 after the commit; against binary COPY of the same rows into the same table on two connections, 10,000 a commit.
///
/// Requests are made and signed before the clock starts, and the rows of the yardstick encoded, so both sides only send.
enum IngestContest {
    private static let requestsPerRound = BenchContext.scaled(800, step: 1)
    /// Clients at once: more of them make larger group commits.
    private static let connections = 64
    private static let fewConnections = 16
    private static let copyRows = 10_000
    private static let copyConnections = 2

    static func run(_ context: BenchContext) async throws {
        let suite = try Suite(context)
        let app = try suite.identifier(try await suite.call("POST", "/v1/apps", ["Name": "bench ingest"]))
        let load = IngestLoad(suite: suite, app: app)
        let socket = RequestBlast(server: .unix(try suite.socket(of: "ingest-api")), connections: connections)
        let port = UInt16(suite.host.split(separator: ":").last ?? "") ?? 0
        let gateway = RequestBlast(server: .port(port), connections: connections)
        let few = RequestBlast(server: socket.server, connections: fewConnections)
        let direct = contender("PutEvents, direct to ingest-api", socket, load, context)
        let proxied = contender("PutEvents, through nginx", gateway, load, context)
        let narrow = contender("PutEvents, direct, \(fewConnections) connections", few, load, context)
        let rows = Lock<[[UInt8]]>([])
        let copy = Contender(name: "binary COPY, \(copyConnections) connections, \(copyRows) a commit", own: .client) {
            if rows.withLock({ $0.isEmpty }) {
                let buffers = try await load.storedRows(perBuffer: copyRows)
                rows.withLock { $0 = buffers }
            }
            try await load.clear()
        } run: {
            let buffers = rows.withLock { $0 }
            let url = suite.databaseURL
            _ = try await BlockingThreads.run(copyConnections, on: context.loop) { index in
                let connection = try RawConnection(url)
                for place in stride(from: index, to: buffers.count, by: copyConnections) {
                    try connection.copyIn(
                        "COPY events (\(IngestLoad.columns)) FROM STDIN (FORMAT binary)", buffers[place])
                }
            }
            return Work(try await load.count())
        }
        let contest = Contest(
            title:
                "I1 ingest, \(requestsPerRound * EventBodies.eventsPerBody) events a round, \(connections) connections",
            unit: "events", contenders: [direct, proxied, narrow, copy], roots: suite.roots, loop: context.loop
        )
        let samples = try await contest.run()
        Contest.judge("I1 direct / COPY", samples[0], over: samples[3], aim: 0.6)
        Contest.judge("I1 through nginx / COPY", samples[1], over: samples[3], aim: 0.6)
    }

    private static func contender(
        _ name: String, _ blast: RequestBlast, _ load: IngestLoad, _ context: BenchContext
    ) -> Contender {
        let requests = Lock<[[UInt8]]>([])
        return Contender(name: name, own: .client) {
            try await load.clear()
            // Signed now: a signature is good for five minutes.
            let made = load.requests(requestsPerRound)
            requests.withLock { $0 = made }
        } run: {
            let made = requests.withLock { requests in
                defer { requests = [] }
                return requests
            }
            try await blast.send(made, on: context.loop)
            let stored = try await load.count()
            guard stored == requestsPerRound * EventBodies.eventsPerBody else {
                throw Fault(.integrity, "\(stored) events are stored")
            }
            return Work(stored)
        }
    }
}

/// One app's events in the suite: requests to make them, and the table they end in.
struct IngestLoad: Sendable {
    static let columns = "week, endpoint_key, id, app, type, at, received_at, attributes, metrics, context"

    let suite: Suite
    let app: String

    /// Whole HTTP requests, signed.
    func requests(_ count: Int) -> [[UInt8]] {
        let bodies = EventBodies(
            salt: Hex.lowercase(suite.environment.random(6)), at: suite.environment.now() + .seconds(-3600))
        let target = "/v1/apps/\(app)/events"
        return (0..<count).map { number in
            let body = bodies.body(number)
            let type = (name: "Content-Type", value: "application/json")
            var head = "POST \(target) HTTP/1.1\r\nHost: \(suite.host)\r\nContent-Length: \(body.count)\r\n"
            for (name, value) in [type] + suite.sign("POST", target, [type], body) { head += "\(name): \(value)\r\n" }
            return Array((head + "\r\n").utf8) + body
        }
    }

    /// An empty table, and roll-ups that have caught up, so that a round does not pay for the one before.
    func clear() async throws {
        let url = suite.databaseURL
        try await suite.loop.offload { try RawConnection(url).run("TRUNCATE events") }
        try await suite.poll(every: .milliseconds(100), seconds: 60, "the roll-ups") {
            try await suite.loop.offload {
                try RawConnection(url).value(
                    """
                    SELECT NOT EXISTS (SELECT FROM change_log l, change_cursors c WHERE c.consumer = 'rollups'
                                          AND (l.xid, l.id) > (c.xid, c.id))
                    """) == "t"
            }
        }
        try await suite.loop.offload { try RawConnection(url).run("CHECKPOINT") }
    }

    func count() async throws -> Int {
        let url = suite.databaseURL
        return try await suite.loop.offload { Int(try RawConnection(url).value("SELECT count(*) FROM events")) ?? 0 }
    }

    /// What a round of ours has stored, as binary COPY data of `perBuffer` rows each.
    func storedRows(perBuffer: Int) async throws -> [[UInt8]] {
        let url = suite.databaseURL
        return try await suite.loop.offload {
            // The first piece carries the header before its row, the last is the trailer.
            var rows = try RawConnection(url).copyOut(
                "COPY (SELECT \(Self.columns) FROM events) TO STDOUT (FORMAT binary)")
            guard rows.count > 1 else { throw Fault(.integrity, "there are no stored events to copy") }
            if rows[0].count == RawCopy.header.count {
                rows.removeFirst()
            } else {
                rows[0].removeFirst(RawCopy.header.count)
            }
            if rows.last == RawCopy.trailer { rows.removeLast() }
            return stride(from: 0, to: rows.count, by: perBuffer).map { start in
                RawCopy.header + rows[start..<min(start + perBuffer, rows.count)].joined() + RawCopy.trailer
            }
        }
    }
}
