import Core
import EventLoop
import HTTPServer
import Model
import Postgres
import TestKit
import Testing

@testable import AnalyticsAggregator

@Suite struct CSVFieldTests {
    @Test(arguments: [
        ("plain", "\"plain\""), ("", "\"\""), ("a,b\nc", "\"a,b\nc\""), ("say \"so\"", "\"say \"\"so\"\"\""),
        ("=1+1", "\"'=1+1\""), ("+1", "\"'+1\""), ("-1", "\"'-1\""), ("@sum", "\"'@sum\""), ("\t=1", "\"'\t=1\""),
        ("\r\n=1", "\"'\r\n=1\""), ("a=1", "\"a=1\""), ("ünïcode", "\"ünïcode\""),
    ])
    func `a field is quoted, and none is a formula`(field: String, expected: String) {
        var bytes: [UInt8] = []
        BalanceCSV.append([field, "x"], to: &bytes)
        #expect(String(decoding: bytes, as: UTF8.self) == expected + ",\"x\"\r\n")
    }
}

@Suite(.database) struct BalanceCSVTests {
    private let app = AppID(high: 1, low: 1)
    private let run = RunID(high: 2, low: 2)
    private let test: TestDatabase
    private let now: Instant

    init() throws {
        test = try TestDatabase.current
        now = test.environment.now()
    }

    /// Chunks of two recipients each: endpoint n is at place (n − 1) % 2 of chunk (n − 1) / 2. The last chunk is the holdout.
    private func prepare(chunks: Int) async throws {
        try await Partitions(test.database).ensure(.sendOutcomes, for: now.day)
        let count = Int64(chunks * 2)
        let statements: [SQL] = [
            """
            INSERT INTO runs (app, id, campaign, campaign_version, occurrence, run_day, state, frozen, scheduled_at, started_at)
            VALUES (\(app), \(run), \(CampaignID(high: 3, low: 3)), 1, 'x', \(now.day), 'COMPLETED', '{}', \(now), \(now))
            """,
            """
            INSERT INTO endpoints (app, endpoint_key, external_id, user_id, channel_type, cohort, effective_at, created_at)
            SELECT \(app), n, 'e' || n, CASE WHEN n % 2 = 0 THEN '=user' || n END, 'EMAIL', 0, \(now), \(now)
              FROM generate_series(1, \(count)) AS n
            """,
            """
            INSERT INTO run_chunks (app, run, chunk, treatment, first_key, last_key, size, digest)
            SELECT \(app), \(run), c, CASE WHEN c = \(chunks - 1) THEN -1 ELSE 0 END, c * 2 + 1, c * 2 + 2, 2, ''
              FROM generate_series(0, \(chunks - 1)) AS c
            """,
            """
            INSERT INTO send_outcomes (run_day, endpoint_key, app, run, chunk, ordinal, treatment, outcome, reason, provider_ref, at)
            SELECT \(now.day), n, \(app), \(run), (n - 1) / 2, (n - 1) % 2, CASE WHEN n > \(count - 2) THEN -1 ELSE 0 END,
                   CASE WHEN n > \(count - 2) OR n % 4 = 0 THEN 3 ELSE 1 END,
                   CASE WHEN n > \(count - 2) THEN 'HOLDOUT' WHEN n % 4 = 0 THEN 'OPT_OUT' END,
                   CASE WHEN n <= \(count - 2) AND n % 4 <> 0 THEN '250 "ok"' END, \(now)
              FROM generate_series(1, \(count)) AS n
             ORDER BY hashint8(n)
            """,
        ]
        for statement in statements { try await test.database.execute(statement) }
    }

    private func text(_ filter: LedgerLines.Filter = .init()) async throws -> [String] {
        let (app, run) = (app, run)
        let lines = try #require(
            try await test.database.withSession { try await LedgerLines.of(app, run: run, filter, in: $0) })
        let response = BalanceCSV.stream(lines, run: run, from: test.database)
        guard case .stream(let produce) = response.body else { return [] }
        let bytes = Lock<[UInt8]>([])
        try await produce(HTTPBodyWriter { piece in bytes.withLock { $0 += piece } })
        return String(decoding: bytes.withLock { $0 }, as: UTF8.self)
            .split(separator: "\r\n", omittingEmptySubsequences: false).map(String.init)
    }

    private static let head =
        #""EndpointId","UserId","Erased","TreatmentId","State","Reason","PossibleDuplicate","ProviderReference","Time""#

    @Test func `everybody is named once, in their state, in order of their places`() async throws {
        try await prepare(chunks: 3)
        // Booked as unknown when the worker vanished, and known to be accepted since; and one who was erased.
        try await test.database.execute(
            """
            INSERT INTO send_outcomes (run_day, endpoint_key, app, run, chunk, ordinal, treatment, outcome, reason, flags, at)
            VALUES (\(now.day), 1, \(app), \(run), 0, 0, 0, 5, 'IN_DOUBT', 0, \(now - .seconds(1)))
            """)
        try await test.database.execute("UPDATE send_outcomes SET flags = 1 WHERE endpoint_key = 3")
        try await test.database.execute("DELETE FROM endpoints WHERE endpoint_key = 2")
        let time = "\"\(now)\""
        #expect(
            try await text() == [
                Self.head,
                #""e1","","false","0","Accepted","","false","250 ""ok""",\#(time)"#,
                #""","","true","0","Accepted","","false","250 ""ok""",\#(time)"#,
                #""e3","","false","0","Accepted","","true","250 ""ok""",\#(time)"#,
                #""e4","'=user4","false","0","Suppressed","OPT_OUT","false","",\#(time)"#,
                #""e5","","false","HOLDOUT","Suppressed","HOLDOUT","false","",\#(time)"#,
                #""e6","'=user6","false","HOLDOUT","Suppressed","HOLDOUT","false","",\#(time)"#,
                "",
            ])
    }

    @Test func `a bucket and a reason choose; what nobody has is an empty list`() async throws {
        try await prepare(chunks: 3)
        let accepted = try await text(.init(state: .accepted))
        #expect(accepted.count == 2 + 3)
        let optedOut = try await text(.init(state: .suppressed, reason: "OPT_OUT"))
        #expect(optedOut.count == 2 + 1)
        #expect(optedOut[1].hasPrefix("\"e4\","))
        #expect(try await text(.init(reason: "HOLDOUT")).count == 2 + 2)
        #expect(try await text(.init(state: .expired)) == [Self.head, ""])
    }

    @Test func `many pages make one list without a gap`() async throws {
        try await prepare(chunks: 6000)
        let lines = try await text()
        #expect(lines.count == 12_002)
        // Every second one is named; their numbers rise by the order of the places.
        let numbers = lines.compactMap { line in Int(line.dropFirst(2).prefix { $0.isNumber }) }
        #expect(numbers == Array(1...12_000))
    }

    @Test func `a run that the app does not have has no list`() async throws {
        let app = app
        let lines = try await test.database.withSession {
            try await LedgerLines.of(app, run: RunID(high: 9, low: 9), .init(), in: $0)
        }
        #expect(lines == nil)
    }
}
