package import Core

/// How a leased job moves on, one window at a time. Each statement locks the job's row where its token still matches,
/// and returns no row when the lease was lost: then the caller abandons everything.
package enum Progress {
    /// Opens a window: recipients before `fired` may leave once this is committed, and not before (reliability §3, G3).
    /// `done` records the window before it in the same commit; it is before `previous`, that window's end, when some of it
    /// never left, and the same without one. Nothing moves unless that window was the last that was opened, nor a second time: a
    /// commit whose answer was lost is answered by `confirm`.
    package static func open(
        _ job: LeasedJob, done: Int, fired: Int, after previous: Int? = nil, lease: LeaseTerms
    ) -> SQL {
        """
        UPDATE jobs
           SET done = \(Int32(done)), fired = \(Int32(fired)),
               attempt = CASE WHEN \(Int32(done)) > done THEN 1 ELSE attempt END,
               lease_expires_at = clock_timestamp() + \(lease.milliseconds) * interval '1 millisecond'
         WHERE id = \(job.id) AND lease_token = \(job.token) AND lease_owner IS NOT NULL
           AND lease_expires_at > clock_timestamp() AND jobs.fired = \(Int32(previous ?? done))
           AND jobs.done <= \(Int32(done)) AND (jobs.done, jobs.fired) <> (\(Int32(done)), \(Int32(fired)))
        RETURNING id
        """
    }

    /// Whether the window from `done` to `fired` is already open under this lease: the answer to a commit whose reply was
    /// lost (F8).
    package static func confirm(_ job: LeasedJob, done: Int, fired: Int, lease: LeaseTerms) -> SQL {
        """
        UPDATE jobs
           SET lease_expires_at = clock_timestamp() + \(lease.milliseconds) * interval '1 millisecond'
         WHERE id = \(job.id) AND lease_token = \(job.token) AND lease_owner IS NOT NULL
           AND lease_expires_at > clock_timestamp() AND done = \(Int32(done)) AND fired = \(Int32(fired))
        RETURNING id
        """
    }

    /// Records the window up to `fired` without opening another: outcomes are to stand before something slow begins. What was
    /// fired behind `done` never left. Moves nothing a second time.
    package static func record(_ job: LeasedJob, done: Int, fired: Int, lease: LeaseTerms) -> SQL {
        """
        UPDATE jobs
           SET done = \(Int32(done)), fired = \(Int32(done)),
               attempt = CASE WHEN \(Int32(done)) > done THEN 1 ELSE attempt END,
               lease_expires_at = clock_timestamp() + \(lease.milliseconds) * interval '1 millisecond'
         WHERE id = \(job.id) AND lease_token = \(job.token) AND lease_owner IS NOT NULL
           AND lease_expires_at > clock_timestamp() AND jobs.fired = \(Int32(fired)) AND jobs.done <= \(Int32(done))
           AND (jobs.done, jobs.fired) <> (\(Int32(done)), \(Int32(done)))
        RETURNING id
        """
    }

    /// Records the last window: every recipient has an outcome or a job of its own, so the row goes.
    package static func complete(_ job: LeasedJob) -> SQL {
        """
        DELETE FROM jobs
         WHERE id = \(job.id) AND lease_token = \(job.token) AND lease_owner IS NOT NULL
        RETURNING id
        """
    }

    /// Records outcomes up to `done` and gives the job back, due at `dueAt`: for a soft stop, and when nothing of the
    /// last window was sent for certain. The attempt that this claim counted is returned.
    package static func giveBack(_ job: LeasedJob, done: Int, dueAt: Instant?) -> SQL {
        """
        UPDATE jobs
           SET done = \(Int32(done)), fired = \(Int32(done)),
               attempt = CASE WHEN \(Int32(done)) > done THEN 0 ELSE attempt - 1 END,
               lease_owner = NULL, lease_expires_at = NULL, due_at = coalesce(\(dueAt), due_at)
         WHERE id = \(job.id) AND lease_token = \(job.token) AND lease_owner IS NOT NULL
        RETURNING id
        """
    }

    /// Extends the leases that this process still holds; jobs whose id does not come back are lost.
    package static func extend(_ jobs: [LeasedJob], lease: LeaseTerms) -> SQL {
        """
        UPDATE jobs
           SET lease_expires_at = clock_timestamp() + \(lease.milliseconds) * interval '1 millisecond'
          FROM unnest(\(jobs.map(\.id)), \(jobs.map(\.token))) AS held (id, token)
         WHERE jobs.id = held.id AND jobs.lease_token = held.token AND jobs.lease_owner IS NOT NULL
           AND jobs.lease_expires_at > clock_timestamp()
        RETURNING jobs.id
        """
    }
}
