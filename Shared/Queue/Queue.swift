package import Core
package import Postgres

/// The one job-queue table. There is no way to enqueue outside the transaction that makes the work true.
package enum Queue {
    @discardableResult
    package static func enqueue(_ job: NewJob, in session: Session) async throws -> Int64 {
        let rows = try await session.query(insert(job))
        return try rows[0].get(0)
    }

    /// For pipelining several with other statements; returns the id in column 0.
    package static func insert(_ job: NewJob) -> SQL {
        """
        INSERT INTO jobs (queue, kind, priority, due_at, app, run, run_day, chunk, treatment, payload,
                          recipients, ordinals, possible_duplicate, retries, attempt)
        VALUES (\(job.queue.name), \(job.kind), \(job.priority), \(job.dueAt), \(job.app), \(job.send?.run),
                \(job.send?.runDay), \(job.send?.chunk), \(job.send?.treatment), \(SQLBind.jsonb(job.payload.serialized)),
                \(job.recipients), \(job.ordinals), \(job.possibleDuplicate), \(job.retries),
                \(job.attempt))
        RETURNING id
        """
    }
}
