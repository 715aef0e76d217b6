import Core
import Model
import PinpointAPI
import Postgres
import Queue
import Segments
import TestKit

/// Event-triggered campaigns over a `CampaignFixture`, with what plays ingest, scheduler and its trigger worker.
struct TriggerFixture {
    let base: CampaignFixture
    let opening = TriggerOpening(kind: "test.chunk")
    private let lease: LeaseTerms

    var app: AppID { base.app }
    var database: Database { base.database }
    var now: Instant { base.now }

    init() throws {
        base = try CampaignFixture()
        lease = LeaseTerms(owner: base.environment.newID(), duration: .seconds(60))
    }

    func prepare(endpoints count: Int = 0) async throws {
        try await base.prepare(endpoints: count)
        try await Partitions(database).ensure(.sendOutcomes, for: now.day + 1)
    }

    /// Starts on a purchase.
    func request(
        start: String = "IMMEDIATE", end: Instant? = nil, holdout: Int? = nil, sizes: [Int] = [],
        type: String = "purchase", filterType: FilterType = .endpoint, isPaused: Bool? = nil
    ) -> WriteCampaignRequest {
        var request = base.request(
            start: start, end: end?.description, frequency: .event, holdout: holdout, sizes: sizes)
        request.schedule?.eventFilter = CampaignEventFilter(
            dimensions: EventDimensions(eventType: SetDimension(dimensionType: .inclusive, values: [type])),
            filterType: filterType)
        request.isPaused = isPaused
        return request
    }

    func status(_ id: CampaignID) async throws -> String {
        try await database.query("SELECT status FROM campaigns WHERE id = \(id)")[0].get(0)
    }

    // MARK: Scheduler

    /// Until nothing is due; how many campaigns were moved.
    @discardableResult
    func turn(after: Duration = .zero) async throws -> Int {
        for count in 0..<100 {
            let ids: (RunID, RunID) = (base.environment.newID(), base.environment.newID())
            let moved = try await database.transaction {
                try await EventCampaigns.turn(at: now + after, newRuns: ids, in: $0)
            }
            if !moved { return count }
        }
        throw TestKitError("the turns do not end")
    }

    func freeze() async throws {
        try await database.transaction { session in
            for run in try await RunStart.initializing(excluding: [], limit: 100, in: session) {
                let segment = try await SegmentResolver.resolve(app, id: base.segment, in: session)
                try await RunStart.freeze(
                    try await RunPlanner.plan(run, in: session), segment: segment?.json ?? .null, in: session)
            }
        }
    }

    // MARK: Events

    /// Keys of the fixture's endpoints.
    func keys() async throws -> [Int64] {
        try await database.query("SELECT endpoint_key FROM endpoints ORDER BY endpoint_key").map { try $0.get(0) }
    }

    /// What ingest enqueues.
    func enqueue(
        _ campaign: CampaignID, version: Int = 1, _ events: [(key: Int64, event: UInt64)], after: Duration = .zero
    ) async throws {
        let triggered = events.map {
            TriggeredEvent(
                trigger: .init(campaign: campaign, version: version), endpointKey: $0.key,
                event: EventID(high: 7, low: $0.event))
        }
        try await database.transaction { session in
            for job in TriggerJob.jobs(for: triggered, app: app, receivedAt: now + after) {
                try await Queue.enqueue(job.job, in: session)
            }
        }
    }

    /// Claims and opens all jobs that are due; what became of them.
    func open(after: Duration = .zero) async throws -> [TriggerOpening.Result] {
        var results: [TriggerOpening.Result] = []
        for job in try await claim(after: after) {
            results.append(
                try await opening.open(job, now: now + after, newRun: base.environment.newID(), in: database))
        }
        return results
    }

    func claim(after: Duration = .zero) async throws -> [LeasedJob] {
        try await Claim.take(
            .triggers, maximumPriority: 0, limit: 100, lease: lease, now: now + after, in: database)
    }

    func giveBack(_ count: Int64) async throws {
        try await database.execute(
            "UPDATE jobs SET lease_owner = NULL, lease_expires_at = NULL WHERE queue = \(JobQueue.triggers.name)")
    }

    // MARK: What came of it

    struct Delivery: Hashable {
        var chunk: Int32
        var treatment: Int16
        var keys: [Int64]
        var expiresAt: Int64
    }

    func deliveries() async throws -> [Delivery] {
        try await database.query(
            """
            SELECT chunk, treatment, recipients, (payload->'expires_at')::bigint FROM jobs
             WHERE queue = 'delivery.email' AND priority = 0 ORDER BY run_day, chunk
            """
        ).map {
            Delivery(
                chunk: try $0.get(0), treatment: try $0.get(1), keys: try $0.get(2), expiresAt: try $0.get(3))
        }
    }

    /// Of every run that planned anybody.
    func violations() async throws -> [String] {
        let runs: [RunID] = try await database.query("SELECT id FROM runs ORDER BY run_day").map { try $0.get(0) }
        var found: [String] = []
        for run in runs {
            found += try await database.withSession { session in
                guard let sheet = try await Ledger.balance(app, run: run, in: session) else { return ["no run"] }
                return try await LedgerProof.violations(sheet, app: app, in: session).map(\.description)
            }
        }
        return found
    }
}
