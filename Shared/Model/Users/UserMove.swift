import Core
import Postgres

/// An endpoint that exists changes its user: it was nobody's, or somebody else's. Its events stay its own, and are the new
/// user's from then on. A row of `user_merges`, so that it can be undone (`UserMergeStore`).
struct UserMove: Sendable {
    let endpoint: EndpointReference
    /// As far as this commit knows.
    let from: String?
    let to: String
    /// The row of the endpoint says whose it was; false when an earlier write of the same commit has changed that.
    let readsRow: Bool

    /// The rows of `user_merges`. The endpoints are locked, so that nobody changes their users in between.
    static func record(_ moves: [UserMove], at now: Instant) -> SQL {
        """
        WITH w AS (
            SELECT *
              FROM unnest(\(moves.map(\.endpoint.app)), \(moves.map(\.endpoint.key)),
                          \(SQLBind.textArray(moves.map(\.from))), \(moves.map(\.to)),
                          \(SQLBind.boolArray(moves.map(\.readsRow))))
                   WITH ORDINALITY AS w (app, key, from_user, to_user, reads_row, place)),
        held AS (
            SELECT e.app, e.endpoint_key, e.user_id
              FROM w
              JOIN endpoints e ON e.app = w.app AND e.endpoint_key = w.key
             WHERE w.reads_row
               FOR UPDATE OF e)
        INSERT INTO user_merges (app, endpoint_key, from_user, to_user, made_user, at)
        SELECT w.app, w.key, CASE WHEN w.reads_row THEN h.user_id ELSE w.from_user END, w.to_user,
               NOT EXISTS (SELECT FROM users u WHERE u.app = w.app AND u.user_id = w.to_user)
                   AND NOT EXISTS (SELECT FROM endpoints o WHERE o.app = w.app AND o.user_id = w.to_user),
               \(now)
          FROM w
          LEFT JOIN held h ON h.app = w.app AND h.endpoint_key = w.key
         WHERE NOT w.reads_row OR h.user_id IS DISTINCT FROM w.to_user AND h.endpoint_key IS NOT NULL
         ORDER BY w.place
        """
    }
}
