import Core
import Crypto
import EventLoop
import Model
import Runtime

/// I3: providers' webhooks, verified over their raw body and durable before the answer; against one INSERT of the same call and COMMIT
/// on each of 16 connections, and against what the HTTP server answers at most.
///
/// Calls are Twilio's status callbacks, signed before the clock starts, each about another event of one message, so that the work from
/// the queue goes on beside them as it would.
enum WebhookContest {
    private static let callsPerRound = BenchContext.scaled(20_000, step: 1)
    private static let connections = 64
    private static let insertConnections = 16

    static func run(_ context: BenchContext) async throws {
        let suite = try Suite(context)
        let load = try await WebhookLoad.make(suite, context)
        let socket = RequestBlast(
            server: .unix(try suite.socket(of: "inbound-reply")), connections: connections, status: 200)
        let port = UInt16(suite.host.split(separator: ":").last ?? "") ?? 0
        let gateway = RequestBlast(server: .port(port), connections: connections, status: 200)
        let limit = Contender(name: "GET /livez, direct: the HTTP limit", own: .client) {
        } run: {
            let ask = Array("GET /livez HTTP/1.1\r\nHost: n\r\n\r\n".utf8)
            try await socket.send(Array(repeating: ask, count: callsPerRound), on: context.loop)
            return Work(callsPerRound)
        }
        let insert = Contender(name: "INSERT of one row and COMMIT, \(insertConnections) connections", own: .client) {
            try await load.clear()
        } run: {
            let count = callsPerRound / 4
            try await load.insert(count, connections: insertConnections, on: context.loop)
            return Work(count)
        }
        let contest = Contest(
            title: "I3 webhooks, \(callsPerRound) signed calls a round, \(connections) connections", unit: "calls",
            contenders: [
                contender("signed call, direct to inbound-reply", socket, load, context),
                contender("signed call, through nginx", gateway, load, context), limit, insert,
            ], roots: suite.roots, loop: context.loop)
        let samples = try await contest.run()
        Contest.judge("I3 direct / HTTP limit", samples[0], over: samples[2], aim: 0.4)
        Contest.judge("I3 direct / single-row INSERT", samples[0], over: samples[3], aim: 2)
        Contest.judge("I3 through nginx / single-row INSERT", samples[1], over: samples[3], aim: nil)

        try await load.clear()
        let half = Report.median(samples[0].map(\.rate)) / 2
        let times = try await socket.send(load.calls(callsPerRound), perSecond: half, on: context.loop)
        Report.latency("a call at half load (\(Report.number(half)) calls/s)", times)
        let p99 = Report.percentile(times, 0.99)
        Report.line("**p99 at half load: \(Report.fixed(p99, 1)) ms (aim ≤ 25, \(p99 <= 25 ? "met" : "missed"))**")
        Report.line()
        try await load.clear()
    }

    private static func contender(
        _ name: String, _ blast: RequestBlast, _ load: WebhookLoad, _ context: BenchContext
    ) -> Contender {
        let calls = Lock<[[UInt8]]>([])
        return Contender(name: name, own: .client) {
            try await load.clear()
            let made = load.calls(callsPerRound)
            calls.withLock { $0 = made }
        } run: {
            let made = calls.withLock { calls in
                defer { calls = [] }
                return calls
            }
            try await blast.send(made, on: context.loop)
            let stored = try await load.count()
            guard stored == callsPerRound else { throw Fault(.integrity, "\(stored) calls are stored") }
            return Work(stored)
        }
    }
}

/// A provider of the suite and one message of it that was sent.
private struct WebhookLoad: Sendable {
    private static let token = "0123456789abcdef0123456789abcdef"

    let suite: Suite
    let url: String

    static func make(_ suite: Suite, _ context: BenchContext) async throws -> WebhookLoad {
        let app = try suite.identifier(try await suite.call("POST", "/v1/apps", ["Name": "bench webhooks"]))
        let providers = try await suite.call(
            "PUT", "/v1/apps/\(app)/channels/sms/provider",
            [
                "Providers": [
                    [
                        "Name": "bench", "Kind": "twilio",
                        "Settings": ["AccountSid": "AC0123456789abcdef0123456789abcdef", "From": "+15550000001"],
                        "Secrets": ["AuthToken": .string(token)],
                    ]
                ]
            ])
        guard let base = providers["Providers"]?.array?.first?["InboundUrl"]?.string else {
            throw Fault(.integrity, "the provider has no inbound address")
        }
        let run: RunID = suite.environment.newID()
        let key = try MasterKey(file: try context.configuration.masterKeyFile)
        let reference = SendReferences(masterKey: key).mint(
            SendReference(run: run, chunk: 0, ordinal: 0, endpointKey: 7, treatment: 0))
        let day = suite.environment.now().day
        let partition = "send_outcomes_\(day.description.filter { $0 != "-" })"
        let database = suite.databaseURL
        try await suite.loop.offload {
            let connection = try RawConnection(database)
            for statement in [
                "CREATE TABLE IF NOT EXISTS \(partition) PARTITION OF send_outcomes FOR VALUES IN ('\(day)')",
                """
                INSERT INTO endpoints (app, endpoint_key, external_id, channel_type, address, cohort, effective_at, created_at)
                VALUES ('\(app)', 7, 'e7', 'SMS', '+15550001007', 1, now(), now())
                """,
                """
                INSERT INTO runs (app, id, campaign, campaign_version, occurrence, run_day, state, frozen, scheduled_at,
                                  started_at, fanned_out, planned)
                VALUES ('\(app)', '\(run)', '\(run)', 1, 'once', '\(day)', 'COMPLETED', '{}', now(), now(), true, 1)
                """,
                """
                INSERT INTO send_outcomes (run_day, endpoint_key, app, run, chunk, ordinal, treatment, outcome, at)
                VALUES ('\(day)', 7, '\(app)', '\(run)', 0, 0, 0, 1, now())
                """,
            ] { try connection.run(statement) }
        }
        return WebhookLoad(suite: suite, url: "\(base)receipts?ref=\(reference)")
    }

    /// Whole HTTP requests, signed; every one says something new.
    func calls(_ count: Int) -> [[UInt8]] {
        let salt = Hex.lowercase(suite.environment.random(6))
        let target = url.firstRange(of: "/inbound/").map { url[$0.lowerBound...] } ?? ""
        return (0..<count).map { number in
            let fields = [
                ("AccountSid", "AC0123456789abcdef0123456789abcdef"), ("From", "5550000001"),
                ("MessageSid", "SM\(salt)\(number)"), ("MessageStatus", "read"), ("SmsStatus", "read"),
                ("To", "5550001007"),
            ]
            let signed = url + fields.map { $0.0 + $0.1 }.joined()
            let mac = Base64.encode(HMACSHA1.authenticate(Array(signed.utf8), key: Array(Self.token.utf8)))
            let body = fields.map { "\($0.0)=\($0.1)" }.joined(separator: "&")
            return Array(
                """
                POST \(target) HTTP/1.1\r\nHost: n\r\nContent-Length: \(body.utf8.count)\r\n\
                Content-Type: application/x-www-form-urlencoded\r\nX-Twilio-Signature: \(mac)\r\n\r\n\(body)
                """.utf8)
        }
    }

    /// What the product stores of a call, one row and one COMMIT at a time.
    func insert(_ count: Int, connections: Int, on loop: EventLoop) async throws {
        let database = suite.databaseURL
        let (url, salt) = (url, Hex.lowercase(suite.environment.random(4)))
        _ = try await BlockingThreads.run(connections, on: loop) { index in
            let connection = try RawConnection(database)
            for number in stride(from: index, to: count, by: connections) {
                let id =
                    salt + String(repeating: "0", count: 16) + String(String(number + 0x1000_0000, radix: 16).suffix(8))
                try connection.run(
                    """
                    INSERT INTO inbound_calls (id, app, provider, kind, channel, method, what, url, query, headers, body,
                                               received_at, state)
                    VALUES ('\(id)', '\(id)', '\(id)', 'bench', 'SMS', 'POST', 'receipts', '\(url)', '',
                            '[["content-type", "application/x-www-form-urlencoded"]]', repeat('x', 160)::bytea, now(), 'DONE')
                    """)
            }
        }
    }

    /// Nothing stored, nothing to be worked on.
    func clear() async throws {
        let database = suite.databaseURL
        try await suite.loop.offload {
            let connection = try RawConnection(database)
            try connection.run("DELETE FROM jobs WHERE queue = 'inbound'")
            try connection.run("TRUNCATE inbound_calls, inbound_events, events")
            try connection.run("CHECKPOINT")
        }
    }

    func count() async throws -> Int {
        let database = suite.databaseURL
        return try await suite.loop.offload {
            Int(try RawConnection(database).value("SELECT count(*) FROM inbound_calls")) ?? 0
        }
    }
}
