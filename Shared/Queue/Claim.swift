package import Core
package import Postgres

/// Taking jobs, extending and giving back leases. Lease times are the database's clock; two machines' clocks are never compared.
package enum Claim {
    /// Takes up to `limit` due jobs. The attempt is counted here, before anything runs, so that a job that kills its
    /// process is counted too.
    ///
    /// Two statements of one kind only: the variant that deletes finished jobs and claims in a single statement deadlocked
    /// in two of three runs (ARCHITECTURE §8). The selection is materialized because a plan that runs it again for each row
    /// of the outer table (a nested loop over `id IN (… LIMIT …)`) takes a fresh job each time and leases more than asked.
    ///
    /// One look per priority that the queue has: over a range of priorities `due_at` does not bound the index scan, and every job
    /// that is due later would be passed at every poll.
    package static func take(
        _ queue: JobQueue,
        maximumPriority: Int16,
        limit: Int,
        lease: LeaseTerms,
        now: Instant,
        in database: Database
    ) async throws -> [LeasedJob] {
        let rows = try await database.query(
            statement(queue, maximumPriority: maximumPriority, limit: limit, lease: lease, now: now))
        return try rows.map { try leasedJob($0, queue: queue) }.sorted { ($0.priority, $0.id) < ($1.priority, $1.id) }
    }

    /// For `take`, and for looking at its plan.
    package static func statement(
        _ queue: JobQueue, maximumPriority: Int16, limit: Int, lease: LeaseTerms, now: Instant
    ) -> SQL {
        """
        WITH RECURSIVE levels (level) AS (
            SELECT (SELECT min(priority) FROM jobs WHERE queue = \(queue.name) AND priority <= \(maximumPriority))
            UNION ALL
            SELECT (SELECT min(priority) FROM jobs
                     WHERE queue = \(queue.name) AND priority > level AND priority <= \(maximumPriority))
              FROM levels
             WHERE level IS NOT NULL),
        due AS MATERIALIZED (
            SELECT ready.id
              FROM levels,
                   LATERAL (SELECT id
                              FROM jobs
                             WHERE queue = \(queue.name) AND priority = level AND due_at <= \(now)
                               AND lease_owner IS NULL
                             ORDER BY due_at, id
                             LIMIT \(limit)
                               FOR UPDATE SKIP LOCKED) AS ready
             LIMIT \(limit))
        UPDATE jobs
           SET lease_owner = \(lease.owner), lease_token = lease_token + 1, attempt = attempt + 1,
               lease_expires_at = clock_timestamp() + \(lease.milliseconds) * interval '1 millisecond'
          FROM due
         WHERE jobs.id = due.id
        RETURNING \(Self.columns)
        """
    }

    /// What `leasedJob` reads, in its order, over `jobs`.
    static let columns: SQL = """
        jobs.id, lease_token, kind, priority, app, run, run_day, chunk, treatment, payload, recipients, ordinals,
        possible_duplicate, retries, attempt, done, fired
        """

    static func leasedJob(_ row: Row, queue: JobQueue) throws -> LeasedJob {
        let run: RunID? = try row.get(5)
        let runDay: Day? = try row.get(6)
        let chunk: Int32? = try row.get(7)
        let treatment: Int16? = try row.get(8)
        var send: SendCause?
        if let run, let runDay, let chunk, let treatment {
            send = SendCause(run: run, runDay: runDay, chunk: chunk, treatment: treatment)
        }
        let recipients: [Int64]? = try row.get(10)
        let done: Int32 = try row.get(15)
        let fired: Int32 = try row.get(16)
        return LeasedJob(
            id: try row.get(0),
            token: try row.get(1),
            queue: queue,
            kind: try row.get(2),
            priority: try row.get(3),
            app: try row.get(4),
            send: send,
            payload: try row.get(9),
            recipients: recipients ?? [],
            ordinals: try row.get(11),
            possibleDuplicate: try row.get(12),
            retries: try row.get(13),
            attempt: try row.get(14),
            done: Int(done),
            fired: Int(fired)
        )
    }
}

/// Who leases, and for how long.
package struct LeaseTerms: Sendable {
    /// Random per process: shows in the table who holds what.
    package let owner: HexID<LeaseOwner>
    package let duration: Duration

    package init(owner: HexID<LeaseOwner>, duration: Duration) {
        self.owner = owner
        self.duration = duration
    }

    package var milliseconds: Int64 { duration.milliseconds }
}

package enum LeaseOwner {}
