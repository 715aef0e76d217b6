package import Core
import Model
import Postgres
package import Queue

extension Settlement.Resolver {
    /// How the ledger ends recipients whose worker vanished: again where `channel` says that keys are honoured, else by the run's
    /// delivery policy.
    package static func ledger(
        _ environment: Environment, _ channel: (any DeliveryChannel)? = nil
    ) -> Settlement.Resolver {
        Settlement.Resolver(
            inDoubt: { job, indices, session in
                let (plan, cause) = try await planAndCause(of: job, session)
                if let channel, try await channel.honoursKeys(plan, cause, in: session) {
                    var again = NewJob.part(of: job, indices: Array(indices))
                    again.dueAt = environment.now()
                    again.payload = SameKey.added(to: job.payload)
                    try await Queue.enqueue(again, in: session)
                    return
                }
                switch plan.deliveryPolicy {
                case .atMostOnce:
                    let rows = indices.map { row(of: job, at: $0, .unknown, .crashed) }
                    try await OutcomeStore.append(rows, of: cause, plan: plan, at: environment.now(), in: session)
                case .atLeastOnce:
                    var again = NewJob.part(of: job, indices: Array(indices))
                    again.dueAt = environment.now()
                    again.possibleDuplicate = true
                    try await Queue.enqueue(again, in: session)
                }
            },
            poison: { job, index, session in
                let (plan, cause) = try await planAndCause(of: job, session)
                let rows = [row(of: job, at: index, .rejected, .poison)]
                try await OutcomeStore.append(rows, of: cause, plan: plan, at: environment.now(), in: session)
            }
        )
    }

    private static func planAndCause(of job: LeasedJob, _ session: Session) async throws -> (RunPlan, SendCause) {
        guard let app = job.app, let cause = job.send,
            let plan = try await RunStore.plan(app, run: cause.run, in: session)
        else { throw Fault(.integrity, "the run of job \(job.id) does not exist") }
        return (plan, cause)
    }

    private static func row(
        of job: LeasedJob,
        at index: Int,
        _ state: TerminalState,
        _ reason: OutcomeReason
    ) -> SendOutcomeRow {
        SendOutcomeRow(
            endpointKey: job.recipients[index],
            ordinal: job.ordinal(index),
            state: state,
            reason: reason,
            flags: job.outcomeFlags,
            attempt: job.retries
        )
    }
}
