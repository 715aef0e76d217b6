import Core
import Crypto
import EventLoop
import HTTPClient
import Model
import Postgres
import Runtime
import TestKit
import Testing

/// A provider's webhooks as they come: again and again, from many connections, while the process that takes them dies.
@Suite(.scenario, .database) struct ReceiptsCountOnceTests {
    @Test func `kill -9 of inbound-reply under webhooks loses none that was answered and counts none twice`()
        async throws
    {
        let test = try TestDatabase.current
        try await RunningSuite.with(services: [.inbound]) { suite in
            let story = try ReceiptStory(suite, test)
            try await story.prepare()
            let stop = Lock(false)
            let acknowledged = Lock<Set<String>>([])
            try await withThrowingTaskGroup(of: Void.self) { group in
                for sender in 0..<8 {
                    group.addTask {
                        var number = 0
                        while !stop.withLock({ $0 }) {
                            let id = "SM\(sender)x\(number)"
                            // As a provider does: until it is taken, and now and then once more.
                            if try await story.post(id) {
                                _ = acknowledged.withLock { $0.insert(id) }
                                if number % 5 == 0 { _ = try await story.post(id) }
                                number += 1
                            } else {
                                try await Task.sleep(for: .milliseconds(20))
                            }
                        }
                    }
                }
                for kill in 1...5 {
                    let before = acknowledged.withLock(\.count)
                    try await eventually(within: .seconds(60), "calls are taken before kill \(kill)") {
                        acknowledged.withLock(\.count) >= before + 100
                    }
                    try await suite.crash(.inbound)
                }
                stop.withLock { $0 = true }
                try await group.waitForAll()
            }
            let expected = acknowledged.withLock { $0 }
            try await eventually(within: .seconds(60), "all calls are worked on") {
                let rows = try await test.database.query("SELECT count(*) FROM inbound_calls WHERE state = 'WAITING'")
                return try rows[0].get(0) as Int64 == 0
            }
            let rows = try await test.database.query(
                "SELECT attributes->>'message_id', count(*) FROM events WHERE type = '_SMS.READ' GROUP BY 1")
            var counts: [String: Int64] = [:]
            for row in rows { counts[try row.get(0)] = try row.get(1) }
            #expect(expected.count >= 500)
            #expect(expected.subtracting(counts.keys).isEmpty, "answered with 2xx and not in the books")
            #expect(counts.values.allSatisfy { $0 == 1 })
            let states = try await test.database.query("SELECT DISTINCT state FROM inbound_calls")
            #expect(try states.map { try $0.get(0) as String } == ["DONE"])
        }
    }

    @Test func `receipts that come early and in the wrong order end in the right state`() async throws {
        let test = try TestDatabase.current
        try await RunningSuite.with(services: [.inbound]) { suite in
            let story = try ReceiptStory(suite, test)
            try await story.prepare(isBooked: false)
            #expect(try await story.post("SM1", status: "delivered"))
            #expect(try await story.post("SM1", status: "sent"))
            try await eventually("both wait") {
                let rows = try await test.database.query(
                    "SELECT count(*) FROM jobs WHERE queue = 'inbound' AND (payload->>'round')::int > 0")
                return try rows[0].get(0) as Int64 > 0
            }
            try await story.book()
            try await eventually(within: .seconds(60), "both are worked on") {
                let rows = try await test.database.query("SELECT count(*) FROM inbound_calls WHERE state = 'DONE'")
                return try rows[0].get(0) as Int64 == 2
            }
            let states = try await test.database.query("SELECT state FROM send_receipts")
            #expect(try states.map { try $0.get(0) as String } == ["DELIVERED"])
        }
    }
}

/// One person who was sent one text by Twilio, and Twilio's side of it.
private struct ReceiptStory: Sendable {
    private static let app = AppID(high: 1, low: 1)
    private static let run = RunID(high: 2, low: 2)
    private static let provider = ProviderID(high: 4, low: 4)
    private static let token = "0123456789abcdef0123456789abcdef"

    private let url: String
    private let database: Database
    private let client: HTTPClient
    private let key: MasterKey
    private let reference: String
    private let now = SystemEnvironment.realNow()

    init(_ suite: RunningSuite, _ test: TestDatabase) throws {
        database = test.database
        client = HTTPClient(environment: test.environment, metrics: Metrics(), connectionsPerHost: 16)
        key = try MasterKey(file: "\(suite.folder.path)/master.key")
        reference = SendReferences(masterKey: key).mint(
            SendReference(run: Self.run, chunk: 0, ordinal: 0, endpointKey: 7, treatment: 0))
        url = "\(suite.url)/inbound/\(Self.provider)/receipts?ref=\(reference)"
    }

    func prepare(isBooked: Bool = true) async throws {
        try await Partitions(database, retention: PartitionRetention(futureDays: 20_000)).ensure(
            .sendOutcomes, for: now.day)
        try await database.transaction { session in
            try await session.execute(
                """
                INSERT INTO apps (id, account, name, settings_modified_at, created_at)
                VALUES (\(Self.app), \(RunningSuite.account), 'shop', \(now), \(now))
                """)
            try await session.execute(
                """
                INSERT INTO endpoints (app, endpoint_key, external_id, channel_type, address, cohort, effective_at, created_at)
                VALUES (\(Self.app), 7, 'e7', 'SMS', '+15550001007', 1, \(now), \(now))
                """)
            try await session.execute(
                """
                INSERT INTO runs (app, id, campaign, campaign_version, occurrence, run_day, state, frozen, scheduled_at,
                                  started_at, fanned_out, planned)
                VALUES (\(Self.app), \(Self.run), \(CampaignID(high: 3, low: 3)), 1, 'once', \(now.day), 'COMPLETED', '{}',
                        \(now), \(now), true, 1)
                """)
            try await ProviderStore.replace(
                Self.app, channel: "SMS",
                with: [
                    StoredProvider(
                        id: Self.provider, name: "main", kind: "twilio",
                        settings: ["AccountSid": "AC0123456789abcdef0123456789abcdef"],
                        secrets: ["AuthToken": .string(Self.token)])
                ], key: key, now: now, in: session)
        }
        if isBooked { try await book() }
    }

    func book() async throws {
        try await database.execute(
            """
            INSERT INTO send_outcomes (run_day, endpoint_key, app, run, chunk, ordinal, treatment, outcome, at)
            VALUES (\(now.day), 7, \(Self.app), \(Self.run), 0, 0, 0, 1, \(now))
            """)
    }

    /// Whether it was taken.
    func post(_ id: String, status: String = "read") async throws -> Bool {
        let fields = [("MessageSid", id), ("MessageStatus", status), ("To", "+15550001007")]
        let signed = url + fields.map { $0.0 + $0.1 }.joined()
        let mac = HMACSHA1.authenticate(Array(signed.utf8), key: Array(Self.token.utf8))
        let body = fields.map { "\($0.0)=\($0.1)" }.joined(separator: "&").split(separator: "+").joined(
            separator: "%2B")
        do {
            let response = try await client.send(
                ClientRequest(
                    method: "POST", url: url,
                    headers: [
                        ("Content-Type", "application/x-www-form-urlencoded"),
                        ("X-Twilio-Signature", Base64.encode(mac)),
                    ], body: Array(body.utf8)))
            #expect(response.status == 200 || response.status >= 500)
            return response.status == 200
        } catch {
            return false
        }
    }
}
