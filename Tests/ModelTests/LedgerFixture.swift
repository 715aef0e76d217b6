import Core
import Model
import Postgres
import Queue
import TestKit
import Testing

/// A run of one chunk with ten recipients and their outcomes, which a test then damages.
struct LedgerFixture {
    let app = AppID(high: 1, low: 1)
    let run = RunID(high: 2, low: 2)
    let campaign = CampaignID(high: 3, low: 3)
    let day = Day(year: 1998, month: 7, day: 1)
    let database: Database
    let now: Instant

    init() throws {
        database = try TestDatabase.current.database
        now = day.start + .seconds(3600)
    }

    var plan: RunPlan {
        RunPlan(
            account: "000000000000",
            app: app,
            campaign: campaign,
            campaignVersion: 1,
            campaignName: "test",
            run: run,
            runDay: day,
            scheduledAt: now,
            expiresAt: now + .seconds(3600),
            deliveryPolicy: .atMostOnce,
            holdoutPercent: 0,
            treatments: [.init(name: nil, sizePercent: 100, email: nil)]
        )
    }

    var cause: SendCause { SendCause(run: run, runDay: day, chunk: 0, treatment: 0) }

    func start(size: Int = 10) async throws {
        try await Partitions(database, retention: PartitionRetention(pastDays: 20_000)).ensure(.sendOutcomes, for: day)
        let keys = (1...size).map(Int64.init)
        try await database.execute(
            """
            INSERT INTO runs (app, id, campaign, campaign_version, occurrence, run_day, state, frozen, scheduled_at,
                              started_at, fanned_out, planned)
            VALUES (\(app), \(run), \(campaign), 1, 'once', \(day), 'COMPLETED',
                    \(SQLBind.jsonb(plan.json.serialized)), \(now), \(now), true, \(Int64(size)))
            """
        )
        try await database.execute(
            """
            INSERT INTO run_chunks (app, run, chunk, treatment, first_key, last_key, size, digest)
            SELECT \(app), \(run), 0, 0, 1, \(Int64(size)), \(Int32(size)),
                   sha256(string_agg(int8send(k), ''::bytea ORDER BY k)) FROM unnest(\(keys)) AS k
            """
        )
    }

    func book(_ rows: [SendOutcomeRow]) async throws {
        let (cause, plan, now) = (cause, plan, now)
        let isLate = rows.contains { $0.flags & SendOutcomeRow.late != 0 }
        try await database.transaction { session in
            if isLate {
                try await OutcomeStore.appendLate(rows, of: cause, plan: plan, at: now, in: session)
            } else {
                try await OutcomeStore.append(rows, of: cause, plan: plan, at: now, in: session)
            }
        }
    }

    /// Outcomes of recipients `range`, 1-based; key = ordinal + 1.
    func rows(_ range: ClosedRange<Int>, _ state: TerminalState = .accepted, flags: Int16 = 0) -> [SendOutcomeRow] {
        range.map { SendOutcomeRow(endpointKey: Int64($0), ordinal: Int32($0 - 1), state: state, flags: flags) }
    }

    func violations() async throws -> [String] {
        try await database.withSession { session in
            guard let sheet = try await Ledger.balance(app, run: run, in: session) else { return ["no run"] }
            return try await LedgerProof.violations(sheet, app: app, in: session).map(\.name)
        }
    }

    func rollupViolations() async throws -> [String] {
        try await database.withSession { session in
            guard let sheet = try await Ledger.balance(app, run: run, in: session) else { return ["no run"] }
            return try await LedgerProof.rollupViolations(sheet, app: app, campaign: campaign, in: session).map(
                \.detail)
        }
    }

    /// Everything committed so far. Running transactions of the cluster's other databases hold the reader back too, so it
    /// is asked until it got there.
    func rollUp() async throws {
        try await eventually {
            try await step()
            return try await database.withSession { try await RollupStore.isCurrent(in: $0) }
        }
    }

    func step() async throws {
        _ = try await database.transaction { try await RollupStore.step(in: $0) }
    }
}
