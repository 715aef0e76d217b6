import Core
import EventLoop
import PinpointAPI
import Postgres
import Segments

/// The runs into which events are being opened: found for each job, read once per process.
final class OpenRuns: Sendable {
    /// Where the recipients of a trigger go.
    enum Place {
        case open(RunKey)
        /// The scheduler is about to freeze it.
        case freezing
        /// There is none yet; `end` is the campaign's.
        case missing(end: Instant?)
        /// Nobody is to be sent to.
        case over
    }

    struct Run: Sendable {
        let plan: RunPlan
        let segment: ResolvedSegment
        let arms: [Int16]
    }

    /// Bounds memory.
    private static let capacity = 256

    private let runs = Lock<[RunID: Run]>([:])

    /// The latest open run of the trigger up to today: about midnight yesterday's may still serve.
    static func find(_ job: TriggerJob, now: Instant, in session: Session) async throws -> Place {
        let (app, trigger) = (job.app, job.trigger)
        let rows = try await session.query(
            """
            SELECT c.status, c.version, c.ends_at, r.id, r.state
              FROM campaigns c
              LEFT JOIN LATERAL (
                   SELECT id, state FROM runs
                    WHERE app = c.app AND campaign = c.id AND campaign_version = \(Int32(trigger.version))
                      AND open_until > \(now) AND run_day <= \(now.day)
                    ORDER BY state = 'RUNNING' DESC, run_day DESC
                    LIMIT 1) AS r ON true
             WHERE c.app = \(app) AND c.id = \(trigger.campaign) AND c.deleted_at IS NULL
            """
        )
        guard let row = rows.first else { return .over }
        let word: String = try row.get(0)
        switch CampaignStatus(rawValue: word) {
        // What happened before the end is still sent after it.
        case .scheduled, .executing, .pendingNextRun, .completed: break
        case .paused, .deleted, .invalid, nil: return .over
        }
        let (version, run): (Int32, RunID?) = (try row.get(1), try row.get(3))
        let state: String? = try row.get(4)
        if let run, state == "RUNNING" {
            return .open(RunKey(app: app, run: run, campaign: trigger.campaign))
        }
        if state == "INITIALIZING" { return .freezing }
        // A version that was replaced since; while its events live, they are still its.
        guard Int(version) == trigger.version || now < job.receivedAt + TriggerJob.lifetime else { return .over }
        return try await today(job, end: try row.get(2), now: now, in: session)
    }

    /// No run of the trigger is open: either today's was not made yet, or it was cancelled.
    private static func today(
        _ job: TriggerJob, end: Instant?, now: Instant, in session: Session
    ) async throws -> Place {
        let rows = try await session.query(
            """
            SELECT 1 FROM runs
             WHERE app = \(job.app) AND campaign = \(job.trigger.campaign)
               AND occurrence = \(EventCampaigns.occurrence(job.trigger.version, now.day))
            """
        )
        return rows.isEmpty ? .missing(end: end) : .over
    }

    /// What a run was frozen with never changes.
    func load(_ key: RunKey, in session: Session) async throws -> Run {
        if let run = runs.withLock({ $0[key.run] }) { return run }
        let rows = try await session.query(
            "SELECT frozen FROM runs WHERE app = \(key.app) AND id = \(key.run)"
        )
        guard let frozen: JSON = try rows.first?.get(0), let segment = frozen["segment"] else {
            throw Fault(.integrity, "run \(key.run) has no frozen segment")
        }
        let plan = try RunPlan(json: frozen)
        let run = Run(plan: plan, segment: try ResolvedSegment(json: segment), arms: plan.arms)
        runs.withLock { runs in
            if runs.count >= Self.capacity { runs = [:] }
            runs[key.run] = run
        }
        return run
    }
}
