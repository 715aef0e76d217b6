import Core
import EventLoop
import Glibc
import HTTPServer
import Hosting
import Model
import PinpointAPI
import Postgres
import Segments
import TestKit
import Testing

@testable import CampaignScheduler

@Suite(.database) struct SchedulerTests {
    private static let everyone = SegmentID(high: 5, low: 1)
    private static let impossible = SegmentID(high: 5, low: 2)
    private static let awayAtFirst = SegmentID(high: 5, low: 3)

    /// Plays segment-service: one segment is not acceptable any more, and for one it is away the first two times.
    private static func resolved(_ away: Lock<Int>) -> Route {
        Route("GET", "/internal/apps/{app}/segments/{segment-id}/resolved", access: .internalService) { call in
            let id = try call.id("segment-id", of: Noun.Segment.self)
            if id == impossible { throw APIError.badRequest("SegmentGroups: too deep") }
            let isAway = away.withLock { left in
                guard id == awayAtFirst, left > 0 else { return false }
                left -= 1
                return true
            }
            if isAway { throw APIError.unavailable("starting") }
            return .json(ResolvedSegment(id: id, version: 1, expression: .combination(.all, [])).json.serialized)
        }
    }

    private func run(_ body: (ServiceUnderTest) async throws -> Void) async throws {
        let token = try ServiceUnderTest.secretFile(Array("0123456789abcdef".utf8))
        defer { unlink(token) }
        let address = "127.0.0.1:\(try FreePort.next())"
        let signal = SchedulerSignal()
        let away = Lock(2)
        try await ServiceUnderTest.run(
            ControlRoutes.all + campaignRoutes(signal) + [Self.resolved(away)],
            settings: [
                "NEEDLETAIL_LISTEN": address, "NEEDLETAIL_SEGMENT_SERVICE_URL": "http://\(address)",
                "NEEDLETAIL_SERVICE_TOKEN_FILE": token,
            ],
            workers: { try Scheduler.workers($0, signal: signal) },
            body
        )
        #expect(away.withLock { $0 } == 0)
    }

    private func prepare(_ service: ServiceUnderTest, _ segments: [SegmentID]) async throws -> String {
        let app = try await service.createApp()
        let channel: JSON = [
            "FromAddress": "shop@example.com", "Identity": "arn:aws:ses:eu-west-1:1:identity/example.com",
        ]
        #expect(try await service.call("PUT", "/v1/apps/\(app)/channels/email", channel).status == 200)
        let test = try TestDatabase.current
        let (id, now) = (try #require(AppID(app)), test.environment.now())
        for segment in segments {
            try await test.database.execute(
                "INSERT INTO segments (app, id, version, created_at) VALUES (\(id), \(segment), 1, \(now))"
            )
            try await test.database.execute(
                """
                INSERT INTO segment_versions (app, id, version, definition, created_at)
                VALUES (\(id), \(segment), 1, '{"Dimensions": {}}', \(now))
                """
            )
        }
        return app
    }

    /// Starts at once; the campaign's id.
    private func start(_ service: ServiceUnderTest, _ app: String, _ segment: SegmentID) async throws -> String {
        let created = try await service.call(
            "POST",
            "/v1/apps/\(app)/campaigns",
            [
                "SegmentId": .string(segment.description), "Schedule": ["StartTime": "IMMEDIATE"],
                "MessageConfiguration": ["EmailMessage": ["Title": "News", "Body": "Hello"]],
            ]
        )
        return try #require(created.json["Id"]?.string, "\(created.text)")
    }

    private func status(_ service: ServiceUnderTest, _ app: String, _ campaign: String) async throws -> String? {
        try await service.call("GET", "/v1/apps/\(app)/campaigns/\(campaign)").json["State"]?["CampaignStatus"]?.string
    }

    @Test func `a run that cannot be made, or must wait, does not keep the others from running`() async throws {
        try await run { service in
            let app = try await prepare(service, [Self.everyone, Self.impossible, Self.awayAtFirst])
            let database = try TestDatabase.current.database
            // Older than all others, and no scheduler will ever be able to read it.
            let broken = try await start(service, app, Self.impossible)
            try await eventually("the first run is refused") { try await status(service, app, broken) == "INVALID" }
            try await database.execute(
                """
                UPDATE runs SET state = 'RUNNING', frozen = '{}', result = NULL, ended_at = NULL,
                                started_at = started_at - interval '1 day'
                """
            )
            let refused = try await start(service, app, Self.impossible)
            let waiting = try await start(service, app, Self.awayAtFirst)
            let good = try await start(service, app, Self.everyone)
            for (campaign, wanted) in [(good, "COMPLETED"), (refused, "INVALID"), (waiting, "COMPLETED")] {
                try await eventually("a campaign becomes \(wanted)") {
                    try await status(service, app, campaign) == wanted
                }
            }
            try await eventually("the unreadable run is given up") {
                try await database.query("SELECT 1 FROM runs WHERE state IN ('INITIALIZING', 'RUNNING')").isEmpty
            }
        }
    }
}
