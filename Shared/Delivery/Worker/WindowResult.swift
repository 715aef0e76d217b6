import Core
import Model
import Providers
import Queue

/// What one window came to: lines for the ledger, jobs for those to be tried again or later, addresses found dead.
///
/// Every recipient of the window ends in exactly one of: a line, a part job, the rest of the job itself (`resumesAt`, `pause`).
struct WindowResult {
    private(set) var rows: [SendOutcomeRow] = []
    private(set) var parts: [NewJob] = []
    /// Some of the parts are for campaigns that the outcomes start.
    private(set) var startsCampaigns = false
    private(set) var dead: [DeadAddress] = []
    /// Where the job goes on: behind the window, or at those of its end whose turn did not come.
    private(set) var resumesAt: Int
    /// Set when nothing of the window left: how long the whole job should wait. Then there are no rows and no parts.
    private(set) var pause: Duration?
    /// The provider could not be reached.
    private(set) var isOutage = false
    /// Slots that were reserved for this window and are not used: those people are asked again, and get others.
    private(set) var dropsSlots = false

    private let job: LeasedJob
    private let plan: RunPlan
    private let indices: Range<Int>
    private let expiresAt: Instant
    private let clock: Environment
    /// Windows in a row before this one that found no provider.
    private let outagesBefore: Int
    /// Refused or postponed by the gate: to be decided again when the job resumes before them.
    private var undisputed: [(index: Int, decision: Undisputed)] = []
    private var outages: [Int] = []
    private var late: [Int] = []
    /// The last recipient of whom anything is known that must not be forgotten.
    private var lastHandedOver = -1
    /// Those to be tried again are one job, not one each.
    private let sharesRetries: Bool
    private var shared: [Retry: [Int]] = [:]

    private struct Retry: Hashable {
        var after: Duration
        var counts: Bool
        var possibleDuplicate: Bool
    }

    private enum Undisputed {
        case refused(TerminalState, OutcomeReason?)
        case postponed(Postponement)

        var hasSlot: Bool {
            switch self {
            case .refused: false
            case .postponed(let turn): turn.slot != nil
            }
        }
    }

    private struct Postponement: Hashable {
        var until: Instant
        /// Set when the message has a slot then.
        var slot: DomainSlots.Mark?
    }

    /// Pacing of provider trouble (providers.md §0.1): transient answers count, connection trouble and throttles do not.
    private static let transient = Backoff(base: .seconds(1), cap: .seconds(15 * 60))
    private static let outage = Backoff(base: .milliseconds(500), cap: .seconds(15))
    /// The provider is busy with what it has: soon, and without counting as an outage.
    private static let busy: Duration = .milliseconds(100)

    init(
        job: LeasedJob, plan: RunPlan, indices: Range<Int>, expiresAt: Instant, clock: Environment,
        outagesBefore: Int = 0, sharesRetries: Bool = false
    ) {
        self.outagesBefore = outagesBefore
        self.sharesRetries = sharesRetries
        self.job = job
        self.plan = plan
        self.indices = indices
        self.expiresAt = expiresAt
        self.clock = clock
        resumesAt = indices.upperBound
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
        undisputed.append((index, .refused(state, reason)))
    }

    mutating func postpone(_ index: Int, until: Instant, slot: DomainSlots.Mark? = nil) {
        undisputed.append((index, .postponed(Postponement(until: until, slot: slot))))
    }

    /// `recipient`: as the message was made for.
    mutating func book(_ index: Int, _ outcome: SendOutcome, for recipient: Recipient) {
        switch outcome {
        case .accepted(let reference):
            append(index, .accepted, nil, reference: reference)
        case .rejected(let reason, let detail, let isAddressDead):
            append(index, .rejected, OutcomeReason(reason.rawValue))
            let isOptOut = reason == .optedOut
            if isAddressDead || isOptOut, let address = DeadAddress(recipient, detail: detail, isOptOut: isOptOut) {
                dead.append(address)
            }
        case .retry(let after, let isThrottle, _):
            retry(index, after: after, counts: !isThrottle)
        case .unknown:
            switch plan.deliveryPolicy {
            case .atMostOnce: append(index, .unknown, .noReply)
            case .atLeastOnce: retry(index, after: .zero, counts: true, possibleDuplicate: true)
            }
        case .notSent(let reason, _):
            switch reason {
            case .deadline: late.append(index)
            case .connection, .authentication, .cancelled: outages.append(index)
            }
            return
        }
        lastHandedOver = max(lastHandedOver, index)
    }

    /// Jobs that its outcomes make, to be enqueued with them. Call after `decideOnUnsent`.
    mutating func add(startedBy jobs: [NewJob]) {
        parts += jobs
        startsCampaigns = !jobs.isEmpty
    }

    /// Call once, after the last `book`.
    mutating func decideOnUnsent() {
        for (retry, indices) in shared.sorted(by: { $0.value[0] < $1.value[0] }) { self.retry(indices, retry) }
        shared = [:]
        isOutage = !outages.isEmpty
        defer {
            dropsSlots = undisputed.contains { $0.index >= resumesAt && $0.decision.hasSlot }
            (outages, late, undisputed) = ([], [], [])
        }
        if lastHandedOver < 0, !(outages.isEmpty && late.isEmpty) {
            pause = outages.isEmpty ? Self.busy : max(outageDelay, .milliseconds(100))
            resumesAt = indices.lowerBound
            return
        }
        // Whose turn did not come is asked again from where the last one's came; what the gate said of those behind is asked
        // again with them. The few before it, whom another session overtook, get a job of their own.
        let lastDecided = max(lastHandedOver, outages.max() ?? -1)
        if let last = late.last, last > lastDecided {
            resumesAt = max(indices.lowerBound, lastDecided + 1)
        }
        part(of: outages, after: outages.isEmpty ? .zero : outageDelay)
        part(of: late.filter { $0 < resumesAt }, after: .zero)
        settle(undisputed.filter { $0.index < resumesAt })
    }

    private var outageDelay: Duration { Self.outage.delay(attempt: outagesBefore, random: clock.randomWord()) }

    private mutating func settle(_ decisions: [(index: Int, decision: Undisputed)]) {
        var postponed: [Postponement: [Int]] = [:]
        for (index, decision) in decisions {
            switch decision {
            case .refused(let state, let reason): append(index, state, reason)
            case .postponed(let turn) where turn.until < expiresAt: postponed[turn, default: []].append(index)
            case .postponed: append(index, .expired, nil)
            }
        }
        for (turn, indices) in postponed.sorted(by: { $0.key.until < $1.key.until }) {
            var part = NewJob.part(of: job, indices: indices)
            part.dueAt = turn.until
            if let slot = turn.slot { part.payload = slot.added(to: job.payload) }
            parts.append(part)
        }
    }

    private mutating func part(of indices: [Int], after delay: Duration) {
        guard !indices.isEmpty else { return }
        var part = NewJob.part(of: job, indices: indices)
        part.dueAt = clock.now() + delay
        parts.append(part)
    }

    private mutating func retry(_ index: Int, after: Duration, counts: Bool, possibleDuplicate: Bool = false) {
        let retry = Retry(after: after, counts: counts, possibleDuplicate: possibleDuplicate)
        if sharesRetries { shared[retry, default: []].append(index) } else { self.retry([index], retry) }
    }

    private mutating func retry(_ indices: [Int], _ retry: Retry) {
        let backoff = retry.counts ? Self.transient.delay(attempt: Int(job.retries), random: clock.randomWord()) : .zero
        let dueAt = clock.now() + max(retry.after, backoff)
        guard dueAt < expiresAt else {
            for index in indices { append(index, .expired, nil) }
            return
        }
        var part = NewJob.part(of: job, indices: indices)
        part.dueAt = dueAt
        part.payload = DomainSlots.Mark.removed(from: job.payload)
        part.retries = job.retries + (retry.counts ? 1 : 0)
        part.possibleDuplicate = job.possibleDuplicate || retry.possibleDuplicate
        parts.append(part)
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
                flags: job.outcomeFlags,
                attempt: job.retries,
                providerReference: reference
            )
        )
    }
}
