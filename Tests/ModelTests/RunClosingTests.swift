import Core
import Model
import PinpointAPI
import Postgres
import Queue
import TestKit
import Testing

@Suite(.database) struct RunClosingTests {
    let fixture: CampaignFixture
    private let campaign = CampaignID(high: 7, low: 7)

    init() throws {
        fixture = try CampaignFixture()
    }

    private func begin(endpoints: Int = 1200, holdout: Int = 10, limits: CampaignLimits? = nil) async throws -> RunPlan
    {
        try await fixture.prepare(endpoints: endpoints)
        try await fixture.create(campaign, fixture.request(holdout: holdout, sizes: [30], limits: limits))
        return try await fixture.start()
    }

    private func key(_ plan: RunPlan) -> RunKey { RunKey(app: plan.app, run: plan.run, campaign: plan.campaign) }

    private func cancel(_ key: RunKey) async throws -> RunCancel.Answer {
        try await fixture.database.transaction { try await RunCancel.cancel(key, now: fixture.now, in: $0) }
    }

    /// What the scheduler's closer does: every run that wants it, to the end. How many jobs were booked.
    private func close(after: Duration = .zero) async throws -> Int {
        let now = fixture.now + after
        var count = 0
        for run in try await fixture.database.withSession({ try await RunClosing.toClose(now: now, limit: 10, in: $0) })
        {
            while case let jobs = try await fixture.database.transaction({ try await run.step(now: now, in: $0) }),
                jobs > 0
            {
                count += jobs
            }
            try await fixture.database.transaction { _ = try await run.finish(now: now, in: $0) }
        }
        return count
    }

    private func sheet(_ plan: RunPlan) async throws -> BalanceSheet {
        let sheet = try await fixture.database.withSession { session in
            try await Ledger.balance(plan.app, run: plan.run, in: session)
        }
        return try #require(sheet)
    }

    private func violations(_ plan: RunPlan) async throws -> [LedgerProof.Violation] {
        let sheet = try await sheet(plan)
        return try await fixture.database.withSession { session in
            try await LedgerProof.violations(sheet, app: plan.app, in: session)
        }
    }

    @Test func `a cancelled run is closed in bulk: everybody has an outcome, and the books balance`() async throws {
        let plan = try await begin()
        try await fixture.finish(fixture.fanOut(plan))
        #expect(try await cancel(key(plan)) == .cancelled)
        #expect(try await close() > 2)
        let sheet = try await sheet(plan)
        #expect(sheet.state == "CANCELLED")
        #expect(sheet.open == 0)
        #expect(sheet.plannedTotal == 1200)
        let reasons = sheet.lines.reduce(into: [:]) { $0[$1.reason ?? "", default: 0] += $1.count }
        #expect(reasons == ["HOLDOUT": 120, "CANCELLED": 1080])
        #expect(try await violations(plan).isEmpty)
        #expect(try await close() == 0, "there is nothing left, and nobody asks again")
        #expect(try await fixture.status(campaign) == .completed)
        // The roll-ups are told the same.
        let counted = try await fixture.count(
            """
            SELECT sum((d->>'n')::bigint)::bigint FROM change_log, jsonb_array_elements(deltas) AS d
             WHERE d->>'type' = '_outcome.suppressed.CANCELLED'
            """
        )
        #expect(counted == 1080)
    }

    @Test func `who was not fanned out yet is not planned any more`() async throws {
        let plan = try await begin()
        let fanOut = fixture.fanOut(plan)
        let first = try await fixture.database.transaction {
            try await fanOut.step(.init(members: 400), now: fixture.now, in: $0)
        }
        #expect(first?.planned == 400)
        #expect(try await cancel(key(plan)) == .cancelled)
        #expect(try await fixture.finish(fanOut) == 1, "no step does anything")
        _ = try await close()
        #expect(try await sheet(plan).plannedTotal == 400)
        #expect(try await violations(plan).isEmpty)
    }

    @Test func `a job that a worker holds is left to it, and the rest is closed`() async throws {
        let plan = try await begin()
        try await fixture.finish(fixture.fanOut(plan))
        let lease = LeaseTerms(owner: HexID(high: 9, low: 9), duration: .seconds(30))
        let held = try #require(
            try await Claim.take(
                .email, maximumPriority: .max, limit: 1, lease: lease, now: fixture.now, in: fixture.database
            ).first)
        #expect(try await cancel(key(plan)) == .cancelled)
        _ = try await close()
        #expect(try await sheet(plan).open == held.recipients.count)
        // The worker stops after its window and gives the rest back.
        #expect(try await !fixture.database.query(Progress.open(held, done: 0, fired: 5, lease: lease)).isEmpty)
        #expect(try await !fixture.database.query(Progress.giveBack(held, done: 5, dueAt: nil)).isEmpty)
        #expect(try await close() == 1)
        #expect(try await sheet(plan).open == 0)
        let left = try await fixture.count("SELECT count(*) FROM runs WHERE closed_at IS NULL")
        #expect(left == 0)
    }

    @Test func `after MaximumDuration jobs that are due later end as expired, not before`() async throws {
        let plan = try await begin(limits: CampaignLimits(maximumDuration: 60, messagesPerSecond: 1))
        try await fixture.finish(fixture.fanOut(plan))
        #expect(try await close(after: .seconds(59)) == 0)
        #expect(try await close(after: .seconds(60)) > 0)
        let sheet = try await sheet(plan)
        #expect(sheet.total(.expired) == 1080)
        #expect(sheet.total(.suppressed) == 120)
        #expect(try await violations(plan).isEmpty)
        #expect(try await fixture.complete() == 1)
    }

    @Test func `a run that expires while it fans out still plans everybody`() async throws {
        let plan = try await begin(limits: CampaignLimits(maximumDuration: 60))
        let fanOut = fixture.fanOut(plan)
        _ = try await fixture.database.transaction {
            try await fanOut.step(.init(members: 500), now: fixture.now, in: $0)
        }
        #expect(try await close(after: .seconds(61)) > 0)
        try await fixture.finish(fanOut)
        #expect(try await close(after: .seconds(62)) > 0)
        let sheet = try await sheet(plan)
        #expect(sheet.plannedTotal == 1200)
        #expect(sheet.total(.expired) == 1080)
        #expect(try await violations(plan).isEmpty)
    }

    @Test func `cancelling again changes nothing; a completed run and one of another campaign cannot be cancelled`()
        async throws
    {
        let plan = try await begin(endpoints: 10)
        try await fixture.finish(fixture.fanOut(plan))
        #expect(
            try await cancel(RunKey(app: plan.app, run: plan.run, campaign: CampaignID(high: 8, low: 8))) == .unknown)
        #expect(try await cancel(RunKey(app: plan.app, run: RunID(high: 8, low: 8), campaign: campaign)) == .unknown)
        #expect(try await cancel(key(plan)) == .cancelled)
        #expect(try await cancel(key(plan)) == .cancelled)
        try await fixture.database.execute("UPDATE runs SET state = 'COMPLETED'")
        #expect(try await cancel(key(plan)) == .completed)
    }

    @Test func `a campaign that events start stays on when the run of a day is cancelled`() async throws {
        let plan = try await begin(endpoints: 10)
        try await fixture.database.execute(
            "UPDATE campaigns SET frequency = 'EVENT', next_due_at = \(fixture.now + .seconds(3600))")
        #expect(try await cancel(key(plan)) == .cancelled)
        let status: String = try await fixture.database.query("SELECT status FROM campaigns")[0].get(0)
        #expect(status == "EXECUTING")
    }

    @Test func `slots that a cancelled run had are free for others`() async throws {
        let plan = try await begin(endpoints: 10)
        try await fixture.finish(fixture.fanOut(plan))
        let request = DomainSlots.Request(domain: "a.example", count: 600, rate: 1)
        let app = plan.app
        func next() async throws -> Int64 {
            let slots = try await fixture.database.transaction {
                try await DomainSlots.reserve(
                    [.init(domain: "a.example", count: 1, rate: 1)], of: app, within: .seconds(9999), in: $0)
            }
            return try #require(slots.first).first.milliseconds
        }
        try await fixture.database.transaction {
            _ = try await DomainSlots.reserve([request], of: app, within: .seconds(9999), in: $0)
        }
        // Another run's message has the slot in a hundred seconds.
        var other = NewJob(queue: .email, kind: "test.chunk", dueAt: fixture.now + .seconds(100))
        other.app = app
        other.send = SendCause(run: RunID(high: 8, low: 8), runDay: plan.runDay, chunk: 0, treatment: 0)
        other.recipients = [1]
        other.payload = DomainSlots.Mark(domain: "a.example", slot: other.dueAt).added(to: [:])
        let job = other
        try await fixture.database.transaction { _ = try await Queue.enqueue(job, in: $0) }
        #expect((598_000...600_000).contains(try await next()))
        #expect(try await cancel(key(plan)) == .cancelled)
        _ = try await close()
        #expect((99_000...101_000).contains(try await next()))
    }
}
