package import Core
package import Postgres

/// Returns the work of processes that vanished: settles every expired lease of a queue.
///
/// Any number of reapers may run; each row is settled under its lock. A killed worker's jobs are available again within
/// the lease duration plus one interval.
package struct Reaper: Sendable {
    package struct Counts: Sendable, Equatable {
        package var settled = 0
    }

    /// Rows per transaction: bounds how long their locks are held.
    private static let batch = 16

    let queue: JobQueue
    let settlement: Settlement
    let database: Database
    let log: Logger

    package init(queue: JobQueue, settlement: Settlement, database: Database, log: Logger) {
        self.queue = queue
        self.settlement = settlement
        self.database = database
        self.log = log
    }

    package func runOnce() async throws -> Counts {
        var counts = Counts()
        while true {
            let settled = try await database.transaction { session in
                let jobs = try await expired(in: session)
                for job in jobs {
                    log.warning(
                        "queue.lease_expired",
                        [
                            "job": .integer(job.id), "attempt": .integer(Int64(job.attempt)),
                            "in_doubt": .integer(Int64(job.fired - job.done)),
                        ]
                    )
                    try await settlement.settle(job, dueAt: nil, in: session)
                }
                return jobs.count
            }
            counts.settled += settled
            if settled < Self.batch { return counts }
        }
    }

    private func expired(in session: Session) async throws -> [LeasedJob] {
        let rows = try await session.query(
            """
            SELECT \(Claim.columns)
              FROM jobs
             WHERE queue = \(queue.name) AND lease_owner IS NOT NULL AND lease_expires_at < clock_timestamp()
             ORDER BY id
             LIMIT \(Self.batch)
               FOR UPDATE SKIP LOCKED
            """
        )
        return try rows.map { try Claim.leasedJob($0, queue: queue) }
    }
}

extension Settlement {
    /// For a handler that threw: settles the job unless its lease is already someone else's.
    package func settle(failed job: LeasedJob, dueAt: Instant, in database: Database) async throws {
        try await database.transaction { session in
            let rows = try await session.query(
                """
                SELECT \(Claim.columns)
                  FROM jobs
                 WHERE id = \(job.id) AND lease_token = \(job.token) AND lease_owner IS NOT NULL
                   FOR UPDATE
                """
            )
            guard let row = rows.first else { return }
            try await settle(try Claim.leasedJob(row, queue: job.queue), dueAt: dueAt, in: session)
        }
    }
}
