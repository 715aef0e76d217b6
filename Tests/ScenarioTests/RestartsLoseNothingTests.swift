import Core
import Postgres
import TestKit
import Testing

/// Processes come and go while clients and campaigns work.
@Suite(.scenario, .database) struct RestartsLoseNothingTests {
    /// As an update does it: one after the other, by SIGTERM. The clients are boto3 with its own default retries; what they see
    /// as a failure would be one to an application.
    @Test func `a rolling restart fails no request and leaves no send in doubt`() async throws {
        let test = try TestDatabase.current
        try await RunningSuite.with(sink: ["--pipelining", "--slow"], settings: ["NEEDLETAIL_WINDOW": "20"]) { suite in
            let run = try suite.startDriver("big_run.py", ["2000"])
            try await run.waitForLine("run ", within: .seconds(120))
            let app = try #require(run.output.values(after: "app").first)
            let load = try suite.startDriver(
                "ingest_load.py", [app, "\(suite.folder.path)/acknowledged", "--clients", "4"])
            try await load.waitForLine("loading")
            for service in [RunningSuite.Service.ingest, .email, .segments, .scheduler, .aggregator, .ingest, .email] {
                try await Self.progress(suite)
                try await suite.restart(service)
            }
            try await Self.progress(suite)
            load.terminate()
            suite.report(load, "ingest_load.py", try await load.waitForExit(within: .seconds(60)))
            suite.report(run, "big_run.py", try await run.waitForExit(within: .seconds(200)))
            try await Self.expectAcknowledgedOnce(suite, app, test.database)
            try await Self.expectSentOnce(suite, run, unknown: 0)
            let campaign = try #require(run.output.values(after: "campaign").first)
            try await CampaignReachesPeopleTests.prove(campaign, test.url)
        }
    }

    // MARK: What must hold

    /// Until the clients have had 200 more events acknowledged.
    private static func progress(_ suite: RunningSuite) async throws {
        func acknowledged() throws -> Int { try suite.folder.lines(of: "acknowledged").count }
        let before = try acknowledged()
        try await eventually(within: .seconds(60), "200 more acknowledged events") {
            try acknowledged() >= before + 200
        }
    }

    /// Every acknowledged event is stored; none twice; none that was not sent to its end (the clients insist).
    private static func expectAcknowledgedOnce(_ suite: RunningSuite, _ app: String, _ database: Database) async throws
    {
        let acknowledged = Set(try suite.folder.lines(of: "acknowledged"))
        let id = try #require(AppID(app))
        let rows = try await database.query(
            "SELECT attributes->>'n', count(*) FROM events WHERE app = \(id) AND type = 'load' GROUP BY 1"
        )
        var stored: Set<String> = []
        for row in rows {
            let name: String = try row.get(0)
            let count: Int64 = try row.get(1)
            stored.insert(name)
            if count != 1 { Issue.record("event \(name) is stored \(count) times") }
        }
        #expect(acknowledged.count >= 1000)
        #expect(acknowledged.subtracting(stored).isEmpty, "acknowledged, but not stored")
        #expect(stored.subtracting(acknowledged).isEmpty, "stored, but never acknowledged")
        let endpoints = try await database.query(
            "SELECT count(*) FROM endpoints WHERE app = \(id) AND external_id LIKE 'load-%'")
        let count: Int64 = try endpoints[0].get(0)
        #expect(count == Int64(Set(acknowledged.map { $0.split(separator: ".")[0] }).count))
    }

    /// The sink has each message once; the books balance and name as many in doubt as allowed.
    private static func expectSentOnce(_ suite: RunningSuite, _ run: ChildProcess, unknown: Int) async throws {
        let text = try #require(run.output.values(after: "balance").first)
        let balance = try JSON.parse(text)
        #expect(balance["Balances"]?.bool == true && balance["Open"]?.int == 0, "\(text)")
        #expect(balance["Accepted"]?.int == 2000 && balance["Unknown"]?.int == unknown, "\(text)")
        let messages = try suite.sink.messages()
        let ids = messages.compactMap { message in
            message["headers"]?.array?.first { $0.array?.first?.string == "Message-ID" }?.array?.last?.string
        }
        #expect(ids.count == 2000 && Set(ids).count == 2000, "each message is at the sink once; got \(ids.count)")
    }
}
