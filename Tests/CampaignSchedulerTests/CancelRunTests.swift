import Core
import Hosting
import Model
import Postgres
import TestKit
import Testing

@testable import CampaignScheduler

@Suite(.database) struct CancelRunTests {
    private let run = RunID(high: 2, low: 2)
    private let campaign = CampaignID(high: 3, low: 3)

    private func serve(_ body: (ServiceUnderTest) async throws -> Void) async throws {
        try await ServiceUnderTest.run(
            ControlRoutes.all + campaignRoutes(SchedulerSignal()), workers: { [RunCloser.worker($0)] }, body)
    }

    private func prepare(_ service: ServiceUnderTest, state: String = "RUNNING") async throws -> AppID {
        let app = try #require(AppID(try await service.createApp()))
        let test = try TestDatabase.current
        let (now, database) = (test.environment.now(), test.database)
        try await Partitions(database).ensure(.sendOutcomes, for: now.day)
        let statements: [SQL] = [
            """
            INSERT INTO campaigns (app, id, version, status, created_at) VALUES (\(app), \(campaign), 1, 'EXECUTING', \(now))
            """,
            """
            INSERT INTO runs (app, id, campaign, campaign_version, occurrence, run_day, state, frozen, scheduled_at, started_at,
                              fanned_out)
            VALUES (\(app), \(run), \(campaign), 1, 'x', \(now.day), \(state), '{}', \(now), \(now), true)
            """,
            """
            INSERT INTO jobs (queue, kind, due_at, app, run, run_day, chunk, treatment, recipients)
            VALUES ('delivery.email', 'delivery.chunk', \(now + .seconds(3600)), \(app), \(run), \(now.day), 0, 0, '{1,2,3}')
            """,
        ]
        for statement in statements { try await database.execute(statement) }
        return app
    }

    @Test func `a cancelled run answers so every time, and its recipients are booked although none was due`()
        async throws
    {
        try await serve { service in
            let app = try await prepare(service)
            let path = "/v1/apps/\(app)/campaigns/\(campaign)/runs/\(run)/cancel"
            for _ in 0..<2 {
                let answer = try await service.call("POST", path)
                #expect(answer.status == 202)
                #expect(answer.json == ["RunId": .string(run.description), "State": "CANCELLED"])
            }
            let database = try TestDatabase.current.database
            try await eventually("everybody is booked") {
                try await database.query("SELECT 1 FROM send_outcomes WHERE reason = 'CANCELLED'").count == 3
            }
            #expect(try await database.query("SELECT 1 FROM jobs").isEmpty)
            let status: String = try await database.query("SELECT status FROM campaigns")[0].get(0)
            #expect(status == "COMPLETED")
        }
    }

    @Test func `a run that is over is a conflict, one that is not the campaign's a 404`() async throws {
        try await serve { service in
            let app = try await prepare(service, state: "COMPLETED")
            let runs = "/v1/apps/\(app)/campaigns/\(campaign)/runs"
            #expect(try await service.call("POST", "\(runs)/\(run)/cancel").status == 409)
            let other = RunID(high: 8, low: 8)
            for path in [
                "\(runs)/\(other)/cancel", "\(runs)/latest/cancel",
                "/v1/apps/\(app)/campaigns/\(CampaignID(high: 9, low: 9))/runs/\(run)/cancel",
                "/v1/apps/\(AppID(high: 9, low: 9))/campaigns/\(campaign)/runs/\(run)/cancel",
            ] {
                #expect(try await service.call("POST", path).status == 404, "\(path)")
            }
        }
    }

    @Test func `rates per domain are kept by updates that do not name them, and refused by name when they are wrong`()
        async throws
    {
        try await serve { service in
            let path = "/v1/apps/\(try await service.createApp())/channels/email"
            func put(_ needletail: JSON?) async throws -> ServiceUnderTest.Answer {
                var body: JSONObject = ["FromAddress": "shop@example.com", "Identity": "i"]
                if let needletail { body["Needletail"] = needletail }
                return try await service.call("PUT", path, .object(body))
            }
            let rates: JSON = ["DomainRates": ["*": 200, "gmail.com": 50]]
            #expect(try await put(rates).json["Needletail"] == rates)
            #expect(try await put(nil).json["Needletail"] == rates)
            #expect(try await put([:]).json["Needletail"] == rates)
            let refused = try await put(["DomainRates": ["gmail.com": 0]])
            #expect(refused.status == 400)
            #expect(refused.message.contains("Needletail.DomainRates.gmail.com"), "\(refused.message)")
            #expect(try await put(["DomainRate": [:]]).status == 400)
            #expect(try await service.call("GET", path).json["Needletail"] == rates)
            #expect(try await put(["DomainRates": [:]]).json["Needletail"] == ["DomainRates": [:]])
        }
    }
}
