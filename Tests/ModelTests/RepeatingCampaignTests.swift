import Core
import Model
import PinpointAPI
import Postgres
import TestKit
import Testing

/// The fixture's clock stands at 1998-07-01T00:00:00Z.
@Suite(.database) struct RepeatingCampaignTests {
    private let campaign = CampaignID(high: 3, low: 3)
    private let day: Duration = .seconds(86_400)

    private func occurrences(_ fixture: CampaignFixture) async throws -> [String] {
        try await fixture.database.query(
            """
            SELECT to_char(scheduled_at AT TIME ZONE 'UTC', 'MM-DD HH24:MI') || ' ' || coalesce(result, state)
              FROM runs ORDER BY scheduled_at
            """
        ).map { try $0.get(0) }
    }

    /// The run under way is fanned out and completed.
    private func run(_ fixture: CampaignFixture, after: Duration) async throws {
        try await fixture.finish(fixture.fanOut(try await fixture.start(after: after)))
        #expect(try await fixture.complete() == 1)
    }

    @Test func `a daily campaign runs every day until its end`() async throws {
        let fixture = try CampaignFixture()
        try await fixture.prepare()
        let request = fixture.request(start: "1998-07-01T09:00:00Z", end: "1998-07-03T09:00:00Z", frequency: .daily)
        #expect(try await fixture.create(campaign, request).status == .scheduled)
        #expect(try await fixture.claim(after: .seconds(9 * 3600 - 1)) == 0)
        try await run(fixture, after: .seconds(9 * 3600))
        #expect(try await fixture.status(campaign) == .pendingNextRun)
        #expect(try await fixture.claim(after: .seconds(9 * 3600 + 86_399)) == 0)
        try await run(fixture, after: .seconds(9 * 3600) + day)
        #expect(try await fixture.status(campaign) == .completed)
        #expect(try await fixture.claim(after: .seconds(9 * 3600) + day + day) == 0)
        #expect(try await occurrences(fixture) == ["07-01 09:00 SUCCESS", "07-02 09:00 SUCCESS"])
    }

    @Test func `what was missed while no scheduler was up is not sent later, and is told`() async throws {
        let fixture = try CampaignFixture()
        try await fixture.prepare()
        try await fixture.create(campaign, fixture.request(frequency: .hourly))
        try await run(fixture, after: .zero)
        // Three hours and ten minutes: two were missed, the third is in time.
        try await run(fixture, after: .seconds(3 * 3600 + 600))
        // Two hours and forty minutes more: the last one is too late as well.
        #expect(try await fixture.claim(after: .seconds(5 * 3600 + 2400)) == 1)
        #expect(try await fixture.status(campaign) == .pendingNextRun)
        try await run(fixture, after: .seconds(6 * 3600))
        #expect(
            try await occurrences(fixture) == [
                "07-01 00:00 SUCCESS", "07-01 02:00 MISSED", "07-01 03:00 SUCCESS", "07-01 05:00 MISSED",
                "07-01 06:00 SUCCESS",
            ])
    }

    @Test func `writing it again keeps the rhythm and repeats nothing`() async throws {
        let fixture = try CampaignFixture()
        try await fixture.prepare()
        var request = fixture.request(frequency: .weekly)
        try await fixture.create(campaign, request)
        try await run(fixture, after: .zero)
        request.name = "autumn"
        #expect(try await fixture.update(campaign, request, after: day)?.status == .pendingNextRun)
        #expect(try await fixture.claim(after: .seconds(7 * 86_400 - 1)) == 0)
        try await run(fixture, after: .seconds(7 * 86_400))
        #expect(try await occurrences(fixture) == ["07-01 00:00 SUCCESS", "07-08 00:00 SUCCESS"])
    }

    @Test func `a paused one skips its runs and goes on in its rhythm`() async throws {
        let fixture = try CampaignFixture()
        try await fixture.prepare()
        var request = fixture.request(start: "1998-07-01T09:00:00Z", frequency: .daily)
        try await fixture.create(campaign, request)
        try await run(fixture, after: .seconds(9 * 3600))
        request.isPaused = true
        #expect(try await fixture.update(campaign, request, after: day)?.status == .paused)
        #expect(try await fixture.claim(after: .seconds(9 * 3600) + day) == 0)
        request.isPaused = false
        #expect(try await fixture.update(campaign, request, after: day + day)?.status == .pendingNextRun)
        try await run(fixture, after: .seconds(9 * 3600) + day + day)
        #expect(try await occurrences(fixture) == ["07-01 09:00 SUCCESS", "07-03 09:00 SUCCESS"])
    }

    @Test func `an end before the first occurrence is refused`() async throws {
        let fixture = try CampaignFixture()
        try await fixture.prepare()
        let request = fixture.request(end: "1998-07-01T00:00:00Z", frequency: .monthly)
        await #expect(throws: APIError.self) { try await fixture.create(campaign, request) }
        #expect(try await fixture.count("SELECT count(*) FROM campaigns") == 0)
    }

    @Test func `a single run that nobody started in time is told as missed`() async throws {
        let fixture = try CampaignFixture()
        try await fixture.prepare()
        try await fixture.create(campaign, fixture.request(start: "1998-07-01T09:00:00Z"))
        #expect(try await fixture.claim(after: .seconds(15 * 3600 + 1)) == 1)
        #expect(try await fixture.status(campaign) == .completed)
        #expect(try await occurrences(fixture) == ["07-01 09:00 MISSED"])
    }
}
