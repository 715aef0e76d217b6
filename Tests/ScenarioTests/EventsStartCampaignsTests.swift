import Core
import Postgres
import TestKit
import Testing

/// Event-triggered campaigns as they run: from PutEvents to the mailbox.
@Suite(.scenario, .database) struct EventsStartCampaignsTests {
    @Test func `an event is sent for within a second, once, to whom its campaign is for`() async throws {
        let url = try TestDatabase.current.url
        try await RunningSuite.with { suite in
            let output = try await suite.drive("event_story.py", [suite.sink.messagesFile, "200"])
            print(output.values(after: "latency").first ?? "no latency")
            let campaigns = output.values(after: "campaign")
            #expect(campaigns.count == 3)
            for campaign in campaigns { try await CampaignReachesPeopleTests.prove(campaign, url) }
        }
    }

    // MARK: Trouble

    @Test func `a message that is not handed over within five minutes of its event is dropped, and in the books`()
        async throws
    {
        let test = try TestDatabase.current
        try await RunningSuite.with { suite in
            let (app, campaign) = try await Self.start(suite)
            let email = try suite.process(.email)
            email.terminate()
            #expect(try await email.waitForExit(within: .seconds(40)) == 0)
            try await suite.drive("event_load.py", [app, "20", "2"])
            try await Self.eventually(test.database, "every event has its place", 20, Self.planned)
            // Six minutes later, as the worker's clock has it.
            let now = test.environment.realNow()
            try suite.start(.email, settings: ["NEEDLETAIL_CLOCK": "\(now + .seconds(360))@\(now)"])
            try await suite.waitUntilReady(.email)
            try await Self.eventually(test.database, "every message is dropped", 20, Self.outcomes(4))
            #expect(try suite.sink.messages().isEmpty)
            try await CampaignReachesPeopleTests.prove(campaign, test.url)
        }
    }

    @Test func `kill -9 of ingest-api and campaign-scheduler loses no event and sends for none twice`() async throws {
        let test = try TestDatabase.current
        try await RunningSuite.with(settings: ["NEEDLETAIL_LEASE_TTL_MS": "2000"]) { suite in
            let (app, campaign) = try await Self.start(suite)
            let events: Int64 = 400
            let load = try suite.startDriver("event_load.py", [app, "\(events)", "4"])
            try await load.waitForLine("loading")
            for kill in 0..<12 {
                try await Self.progress(test.database)
                if kill.isMultiple(of: 3) {
                    try await suite.crash(.ingest)
                } else {
                    // In the middle of what must happen together, or just after it.
                    let scheduler = try suite.process(.scheduler)
                    scheduler.kill()
                    try await scheduler.waitForExit()
                    let point = kill % 3 == 1 ? "triggers.opening:abort@3" : "triggers.opened:abort@3"
                    try suite.start(.scheduler, settings: ["NEEDLETAIL_FAILPOINT": point])
                    try await suite.process(.scheduler).waitForExit(within: .seconds(60))
                    try suite.start(.scheduler)
                    try await suite.waitUntilReady(.scheduler)
                }
            }
            let status = try await load.waitForExit(within: .seconds(120))
            suite.report(load, "event_load.py", status)
            #expect(load.output.values(after: "acknowledged") == ["\(events)"])
            let stored: Int64 = try await test.database.query(
                "SELECT count(*) FROM events WHERE type = 'purchase'")[0].get(0)
            #expect(stored == events)
            try await Self.eventually(test.database, "every event is sent for", events, Self.outcomes(1))
            #expect(try await test.database.query(Self.planned)[0].get(0) == events)
            let causes: Int64 = try await test.database.query(
                "SELECT count(DISTINCT cause) FROM run_chunks, unnest(causes) AS cause")[0].get(0)
            #expect(causes == events)
            let ids = try suite.sink.messages().compactMap { message in
                message["headers"]?.array?.first { $0.array?.first?.string == "Message-ID" }?.array?.last?.string
            }
            #expect(Int64(ids.count) == events && Set(ids).count == ids.count)
            try await CampaignReachesPeopleTests.prove(campaign, test.url)
        }
    }

    /// An app of 30 people with a campaign that purchases start, which is on.
    private static func start(_ suite: RunningSuite) async throws -> (app: String, campaign: String) {
        let output = try await suite.drive("event_story.py", [suite.sink.messagesFile, "0"])
        return (
            try #require(output.values(after: "app").first), try #require(output.values(after: "campaign").first)
        )
    }

    private static let planned: SQL = "SELECT coalesce(sum(planned), 0)::bigint FROM runs"

    private static func outcomes(_ outcome: Int16) -> SQL {
        "SELECT count(*) FROM send_outcomes WHERE outcome = \(outcome)"
    }

    private static func eventually(_ database: Database, _ what: String, _ wanted: Int64, _ sql: SQL) async throws {
        try await TestKit.eventually(within: .seconds(120), what) { try await database.query(sql)[0].get(0) == wanted }
    }

    /// Until more events have their places.
    private static func progress(_ database: Database) async throws {
        let before: Int64 = try await database.query(planned)[0].get(0)
        try await TestKit.eventually(within: .seconds(60), "more events are planned") {
            try await database.query(planned)[0].get(0) > before
        }
    }
}
