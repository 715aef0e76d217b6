import Core
import Model
import Queue

/// What one window came to: lines for the ledger, jobs for those to be tried again, addresses found dead.
struct WindowResult {
    private(set) var rows: [SendOutcomeRow] = []
    private(set) var retries: [NewJob] = []
    private(set) var deadKeys: [Int64] = []
    /// Set when nothing of the window left: how long the whole job should wait. Then `rows` and `retries` are empty.
    private(set) var pause: Duration?

    private let job: LeasedJob
    private let plan: RunPlan
    private let clock: Environment
    private var unsent: [Int] = []
    private var attempted = 0

    /// Pacing of provider trouble (providers.md §0.1): transient answers count, connection trouble and throttles do not.
    private static let transient = Backoff(base: .seconds(1), cap: .seconds(15 * 60))
    private static let outage = Backoff(base: .milliseconds(500), cap: .seconds(15))

    init(job: LeasedJob, plan: RunPlan, clock: Environment) {
        self.job = job
        self.plan = plan
        self.clock = clock
    }

    /// Acceptances only, marked late.
    var lateRows: [SendOutcomeRow] {
        rows.filter { $0.state == .accepted }.map { row in
            var row = row
            row.flags |= SendOutcomeRow.late
            return row
        }
    }

    mutating func refuse(_ index: Int, _ state: TerminalState, _ reason: OutcomeReason?) {
        append(index, state, reason)
    }

    mutating func book(_ index: Int, _ outcome: SendOutcome) {
        attempted += 1
        switch outcome {
        case .accepted(let reference):
            append(index, .accepted, nil, reference: reference)
        case .rejected(let reason, _, let isAddressDead):
            append(index, .rejected, OutcomeReason(reason.rawValue))
            if isAddressDead { deadKeys.append(job.recipients[index]) }
        case .retry(let after, let isThrottle, _):
            retry(index, after: after, counts: !isThrottle)
        case .unknown:
            switch plan.deliveryPolicy {
            case .atMostOnce: append(index, .unknown, .noReply)
            case .atLeastOnce: retry(index, after: .zero, counts: true, possibleDuplicate: true)
            }
        case .notSent:
            unsent.append(index)
        }
    }

    /// Call once, after the last `book`.
    mutating func decideOnUnsent() {
        guard !unsent.isEmpty else { return }
        let delay = Self.outage.delay(attempt: Int(job.attempt), random: clock.randomWord())
        if unsent.count == attempted {
            rows = []
            retries = []
            deadKeys = []
            pause = max(delay, .milliseconds(100))
        } else {
            var part = NewJob.part(of: job, indices: unsent)
            part.dueAt = clock.now() + delay
            retries.append(part)
        }
        unsent = []
    }

    private mutating func retry(_ index: Int, after: Duration, counts: Bool, possibleDuplicate: Bool = false) {
        let backoff = counts ? Self.transient.delay(attempt: Int(job.retries), random: clock.randomWord()) : .zero
        let dueAt = clock.now() + max(after, backoff)
        guard dueAt < plan.expiresAt else { return append(index, .expired, nil) }
        var part = NewJob.part(of: job, indices: [index])
        part.dueAt = dueAt
        part.retries = job.retries + (counts ? 1 : 0)
        part.possibleDuplicate = job.possibleDuplicate || possibleDuplicate
        retries.append(part)
    }

    private mutating func append(
        _ index: Int,
        _ state: TerminalState,
        _ reason: OutcomeReason?,
        reference: String? = nil
    ) {
        rows.append(
            SendOutcomeRow(
                endpointKey: job.recipients[index],
                ordinal: job.ordinal(index),
                state: state,
                reason: reason,
                flags: job.possibleDuplicate ? SendOutcomeRow.possibleDuplicate : 0,
                attempt: job.retries,
                providerReference: reference
            )
        )
    }
}
