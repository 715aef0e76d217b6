import Core
package import Postgres

/// What becomes of a job whose holder failed or vanished: in-doubt recipients are resolved, a job that keeps failing
/// without progress is bisected until the one bad recipient is alone and quarantined, anything else is due again.
///
/// One code path for the reaper (the process died) and for the worker (the handler threw), so that recovery is the
/// same after either (crash-only).
package struct Settlement: Sendable {
    /// What happened to a recipient that the domain has to write down, in the transaction given.
    package struct Resolver: Sendable {
        /// Recipients `indices` were fired and have no outcome: by policy they become `unknown`, or a new job.
        package var inDoubt:
            @Sendable (_ job: LeasedJob, _ indices: Range<Int>, _ session: Session) async throws -> Void
        /// The recipient at `index` killed its worker three times before anything of it was sent.
        package var poison: @Sendable (_ job: LeasedJob, _ index: Int, _ session: Session) async throws -> Void

        package init(
            inDoubt: @escaping @Sendable (LeasedJob, Range<Int>, Session) async throws -> Void,
            poison: @escaping @Sendable (LeasedJob, Int, Session) async throws -> Void
        ) {
            self.inDoubt = inDoubt
            self.poison = poison
        }
    }

    /// Claims without progress after which a job is bisected, or its only recipient quarantined.
    package static let maximumAttempts = 3

    let resolver: Resolver

    package init(resolver: Resolver) {
        self.resolver = resolver
    }

    /// `job` was just read under its row lock in this transaction. Raising the token fences out a holder that wakes up late.
    func settle(_ job: LeasedJob, dueAt: Instant?, in session: Session) async throws {
        if job.fired > job.done {
            try await resolver.inDoubt(job, job.done..<job.fired, session)
        }
        let done = max(job.done, job.fired)
        let remaining = job.recipients.count - done
        let progressed = done > job.done
        if !job.recipients.isEmpty && remaining == 0 {
            try await session.execute("DELETE FROM jobs WHERE id = \(job.id)")
        } else if job.attempt >= Self.maximumAttempts && !progressed && remaining == 1 {
            try await resolver.poison(job, done, session)
            try await session.execute("DELETE FROM jobs WHERE id = \(job.id)")
        } else if job.attempt >= Self.maximumAttempts && !progressed && remaining > 1 {
            try await bisect(job, from: done, dueAt: dueAt, in: session)
        } else {
            try await session.execute(
                """
                UPDATE jobs
                   SET done = \(Int32(done)), fired = \(Int32(done)), lease_owner = NULL, lease_expires_at = NULL,
                       lease_token = lease_token + 1, due_at = coalesce(\(dueAt), due_at),
                       attempt = CASE WHEN \(progressed) THEN 0 ELSE attempt END
                 WHERE id = \(job.id)
                """
            )
        }
    }

    /// Halves start one attempt below the limit, so that each further halving costs one crash: a bad recipient among 500
    /// is alone after at most 3 + 9.
    private func bisect(_ job: LeasedJob, from start: Int, dueAt: Instant?, in session: Session) async throws {
        let middle = start + (job.recipients.count - start + 1) / 2
        for half in [start..<middle, middle..<job.recipients.count] {
            var part = NewJob.part(of: job, indices: Array(half))
            part.attempt = Int16(Self.maximumAttempts - 1)
            if let dueAt { part.dueAt = dueAt }
            try await Queue.enqueue(part, in: session)
        }
        try await session.execute("DELETE FROM jobs WHERE id = \(job.id)")
    }
}

extension NewJob {
    /// A job for some recipients of another, with their ordinals kept.
    package static func part(of job: LeasedJob, indices: [Int]) -> NewJob {
        var part = NewJob(queue: job.queue, kind: job.kind, dueAt: Instant(microseconds: 0))
        part.priority = job.priority
        part.app = job.app
        part.send = job.send
        part.payload = job.payload
        part.recipients = indices.map { job.recipients[$0] }
        part.ordinals = indices.map { job.ordinal($0) }
        part.possibleDuplicate = job.possibleDuplicate
        part.retries = job.retries
        return part
    }
}
