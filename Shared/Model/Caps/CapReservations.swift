package import Core
package import Postgres
package import Queue

/// The table `cap_reservations`: which messages target an endpoint, for frequency caps over campaigns, windows and processes.
///
/// A window locks its endpoints' rows first, in key order as every writer of several; reads what stands; decides; and writes
/// its own, all in one transaction. So two windows never both find room for the last message. A message never counts against
/// itself: its row is keyed by the send, whose window may open again after a crash, a pause or as a part job.
package enum CapReservations {
    /// Daily caps look back this far.
    package static let day: Duration = .seconds(24 * 3600)

    /// One window's sends: places in a job.
    package struct Sends: Sendable {
        package var app: AppID
        package var campaign: CampaignID
        package var cause: SendCause
        package var keys: [Int64]
        package var ordinals: [Int32]

        package init(_ plan: RunPlan, _ cause: SendCause, keys: [Int64], ordinals: [Int32]) {
            app = plan.app
            campaign = plan.campaign
            self.cause = cause
            self.keys = keys
            self.ordinals = ordinals
        }
    }

    /// To be sent, and answered, before `counts`: what stood while this waited must be in its snapshot. In a transaction.
    package static func lock(_ app: AppID, _ keys: [Int64]) -> [SQL] {
        [
            // A plan made while the table was empty would read all of it for each of a window's people, for good.
            "SET LOCAL enable_seqscan = off",
            """
            SELECT 1 FROM endpoints
             WHERE app = \(app) AND endpoint_key = ANY (\(keys.sorted()))
             ORDER BY endpoint_key
               FOR NO KEY UPDATE
            """,
        ]
    }

    /// One row per send, in order: other messages of the app in 24 hours, of the campaign in 24 hours, of the campaign ever,
    /// and whether the send itself has a row.
    package static func counts(_ sends: Sends, now: Instant) -> SQL {
        """
        SELECT count(*) FILTER (WHERE NOT is_own AND at > \(now - day)),
               count(*) FILTER (WHERE NOT is_own AND at > \(now - day) AND campaign = \(sends.campaign)),
               count(*) FILTER (WHERE NOT is_own AND campaign = \(sends.campaign)),
               coalesce(bool_or(is_own), false)
          FROM unnest(\(sends.keys), \(sends.ordinals)) WITH ORDINALITY AS w (key, ordinal, place)
          LEFT JOIN LATERAL (
               SELECT r.at, r.campaign,
                      r.run = \(sends.cause.run) AND r.chunk = \(sends.cause.chunk) AND r.ordinal = w.ordinal AS is_own
                 FROM cap_reservations r
                WHERE r.app = \(sends.app) AND r.endpoint_key = w.key
               OFFSET 0) AS r ON true
         GROUP BY w.place
         ORDER BY w.place
        """
    }

    /// `isKept`: the campaign has a Total. One that stands already is as new as its last time.
    package static func insert(_ sends: Sends, isKept: Bool, at now: Instant) -> SQL {
        """
        INSERT INTO cap_reservations AS r (app, endpoint_key, run, chunk, ordinal, campaign, at, is_kept)
        SELECT \(sends.app), w.key, \(sends.cause.run), \(sends.cause.chunk), w.ordinal, \(sends.campaign), \(now), \(isKept)
          FROM unnest(\(sends.keys), \(sends.ordinals)) AS w (key, ordinal)
            ON CONFLICT (app, endpoint_key, run, chunk, ordinal) DO UPDATE SET at = greatest(r.at, excluded.at)
        """
    }

    // MARK: Upkeep

    /// People who left.
    static func erase(_ app: AppID, _ keys: [Int64], until: Instant) -> SQL {
        """
        DELETE FROM cap_reservations
         WHERE app = \(app) AND endpoint_key = ANY (\(keys)) AND at <= \(until)
        """
    }

    /// Of these endpoints, oldest first: key, campaign, run, time.
    static func list(_ app: AppID, _ keys: [Int64]) -> SQL {
        """
        SELECT endpoint_key, campaign, run, at FROM cap_reservations
         WHERE app = \(app) AND endpoint_key = ANY (\(keys))
         ORDER BY at, endpoint_key
        """
    }

    /// Rows per transaction: bounds how long it holds them.
    package static let prunedPerBatch = 5000

    /// Deletes what no cap looks at any more: rows older than a day whose campaign had no Total, and all of campaigns that were
    /// deleted. Returns how many went; fewer than asked when there are no more.
    package static func prune(limit: Int = prunedPerBatch, now: Instant, in session: Session) async throws -> Int {
        let old = try await session.execute(
            """
            DELETE FROM cap_reservations
             WHERE ctid = ANY (ARRAY (SELECT ctid FROM cap_reservations
                                       WHERE NOT is_kept AND at <= \(now - day)
                                       ORDER BY at
                                       LIMIT \(limit)))
            """
        )
        guard old < limit else { return old }
        return try await old
            + session.execute(
                """
                DELETE FROM cap_reservations
                 WHERE ctid = ANY (ARRAY (SELECT r.ctid
                                            FROM campaigns c
                                            JOIN cap_reservations r ON r.is_kept AND r.app = c.app AND r.campaign = c.id
                                           WHERE c.deleted_at IS NOT NULL
                                           LIMIT \(limit - old)))
                """
            )
    }
}
