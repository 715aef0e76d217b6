import Core
import EventLoop
import Postgres
import TestKit
import Testing

/// A person asks for a copy, and then to be forgotten, after a campaign reached them; by the command line, on a running suite.
@Suite(.scenario, .database) struct PeopleLeaveTests {
    @Test func `an erased person is nowhere, does not come back, and the books still balance`() async throws {
        let test = try TestDatabase.current
        try await RunningSuite.with(settings: ["NEEDLETAIL_LEASE_TTL_MS": "2000"]) { suite in
            let campaigns = try await suite.drive("campaign_story.py", [suite.sink.messagesFile]).values(
                after: "campaign")
            let app: AppID = try await test.database.query("SELECT app FROM runs LIMIT 1")[0].get(0)
            let key: Int64 = try await test.database.query(
                "SELECT endpoint_key FROM endpoints WHERE external_id = 'p/7'")[0].get(0)

            let file = "\(suite.folder.path)/person.json"
            _ = try await needletail(suite, ["privacy", "export", "--app", "\(app)", "--user", "u7", "--out", file])
            let copy = try JSON.parse(Array(try TextFile.read(file).utf8))
            #expect(copy["Endpoints"]?.array?.map { $0["Address"] } == ["person7@example.com"])
            #expect(copy["Sends"]?.array?.isEmpty == false)

            #expect(try await places(of: key, test) > 0)
            let said = try await needletail(suite, ["privacy", "erase", "--app", "\(app)", "--user", "u7"])
            #expect(said.contains("1 endpoints are gone, 1 addresses are suppressed as ERASED"), "\(said)")
            #expect(try await places(of: key, test) == 0)
            for campaign in campaigns { try await CampaignReachesPeopleTests.prove(campaign, test.url) }
            try await suite.drive("return_of_the_erased.py", ["\(app)", "p/7", "person7@example.com", "u7"])
            try await eraseSurvivesKill(suite, app, test)
            for campaign in campaigns { try await CampaignReachesPeopleTests.prove(campaign, test.url) }
        }
    }

    /// 400,000 events take a while; ingest-api is killed in the middle.
    private func eraseSurvivesKill(_ suite: RunningSuite, _ app: AppID, _ test: TestDatabase) async throws {
        let key: Int64 = try await test.database.query(
            "SELECT endpoint_key FROM endpoints WHERE external_id = 'p/8'")[0].get(0)
        let partition = try await test.database.query("SELECT week FROM events LIMIT 1")
        let week: Day = try #require(partition.first).get(0)
        let total = 400_000
        try await test.database.execute(
            """
            INSERT INTO events (week, endpoint_key, id, app, type, at, received_at)
            SELECT \(week), \(key), gen_random_uuid(), \(app), 'x', \(week.start), \(week.start)
              FROM generate_series(1, \(total))
            """)
        let deletion = """
            from pinpoint_peer import client
            client().delete_endpoint(ApplicationId="\(app)", EndpointId="p/8")
            """
        var environment = suite.clientEnvironment
        environment["PYTHONPATH"] = "\(BuildPaths.repository)/Tests/peers"
        let client = try ChildProcess("python3", ["-c", deletion], environment: environment)
        #expect(try await client.waitForExit(within: .seconds(60)) == 0, "\(client.output)")
        try await eventually("the erasure begins") { try await events(of: key, test) < total }
        let left = try await events(of: key, test)
        try await suite.crash(.ingest)
        #expect(left > 0, "killed in the middle")
        try await eventually(within: .seconds(60), "the erasure ends") { try await places(of: key, test) == 0 }
    }

    private func events(of key: Int64, _ test: TestDatabase) async throws -> Int {
        try await test.database.query("SELECT count(*) FROM events WHERE endpoint_key = \(key)")[0].get(0)
    }

    /// Rows that name the person.
    private func places(of key: Int64, _ test: TestDatabase) async throws -> Int {
        try await test.database.query(
            """
            SELECT (SELECT count(*) FROM endpoints WHERE endpoint_key = \(key))
                 + (SELECT count(*) FROM events WHERE endpoint_key = \(key))
                 + (SELECT count(*) FROM engagements WHERE endpoint_key = \(key))
                 + (SELECT count(*) FROM send_outcomes WHERE endpoint_key = \(key))
                 + (SELECT count(*) FROM run_chunks WHERE \(key) IN (first_key, last_key))
                 + (SELECT count(*) FROM cap_reservations WHERE endpoint_key = \(key))
                 + (SELECT count(*) FROM user_merges WHERE endpoint_key = \(key))
                 + (SELECT count(*) FROM jobs WHERE \(key) = ANY (recipients))
            """)[0].get(0)
    }

    /// What it says; it has to end with 0.
    private func needletail(_ suite: RunningSuite, _ arguments: [String]) async throws -> [String] {
        let process = try ChildProcess(
            BuildPaths.product("needletail"), arguments,
            environment: [
                "PATH": "/usr/bin:/bin", "NEEDLETAIL_DATABASE_URL": try TestDatabase.current.url,
                "NEEDLETAIL_ACCOUNT_ID": RunningSuite.account,
                "NEEDLETAIL_MASTER_KEY_FILE": "\(suite.folder.path)/master.key",
            ])
        let status = try await process.waitForExit(within: .seconds(120))
        #expect(status == 0, "needletail \(arguments): \(process.output.joined(separator: "\n"))")
        return process.output
    }
}
