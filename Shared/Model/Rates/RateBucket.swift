package import Core
package import Postgres

/// A rate that all workers share: one row with one timestamp, moved in the transaction that fires what it pays for (GCRA, ITU-T I.371).
///
/// Its clock is the database's, so that workers' clocks are never compared; what it says about the future is a duration.
/// A crash loses the tokens of the windows that were open, no more. After an outage there is a burst of one window and `slack`.
package struct RateBucket: Sendable, Hashable {
    /// What a late worker may catch up with: its window may go this long before its turn.
    package static let slack: Duration = .milliseconds(100)

    let app: AppID
    let name: String
    /// Messages per second, at least 1.
    let rate: Int

    /// A campaign's MessagesPerSecond.
    package init(run: RunID, of app: AppID, rate: Int) {
        self.app = app
        name = "run:\(run)"
        self.rate = rate
    }

    /// The largest window at this rate, at most `configured`: a quarter of a second's worth, so that the burst is small.
    package func window(_ configured: Int) -> Int {
        max(1, min(configured, rate / 4))
    }

    /// Takes `count` tokens. One row with one column when they are given: µs until there are tokens again. No row when there are none now.
    ///
    /// `rest` recipients of the same job come after these; others stand in line behind them.
    package func take(_ count: Int, rest: Int) -> SQL {
        """
        INSERT INTO rate_buckets AS b (app, name, next_at, line_at)
        SELECT \(app), \(name), at + \(microseconds(count)) * interval '1 microsecond',
               at + \(microseconds(count + rest)) * interval '1 microsecond'
          FROM (SELECT clock_timestamp() AS at) AS clock
        ON CONFLICT (app, name) DO UPDATE
           SET next_at = greatest(b.next_at, clock_timestamp()) + \(microseconds(count)) * interval '1 microsecond',
               line_at = greatest(b.line_at, greatest(b.next_at, clock_timestamp())
                                             + \(microseconds(count + rest)) * interval '1 microsecond')
         WHERE b.next_at <= clock_timestamp() + \(Self.slack.microseconds) * interval '1 microsecond'
        RETURNING (extract(epoch FROM next_at - clock_timestamp()) * 1000000)::bigint - \(Self.slack.microseconds)
        """
    }

    /// A turn for a job of `count` recipients, in line behind the others that came too early. One row, one column: µs from now. No row
    /// when there may be tokens now.
    ///
    /// A turn is only a time to ask again, never a right to send; without it all jobs that wait would ask at every token.
    package func line(up count: Int) -> SQL {
        """
        UPDATE rate_buckets
           SET line_at = greatest(line_at, next_at, clock_timestamp()) + \(microseconds(count)) * interval '1 microsecond'
         WHERE app = \(app) AND name = \(name)
           AND next_at > clock_timestamp() + \(Self.slack.microseconds) * interval '1 microsecond'
        RETURNING (extract(epoch FROM line_at - clock_timestamp()) * 1000000)::bigint
                  - \(microseconds(count) + Self.slack.microseconds)
        """
    }

    private func microseconds(_ count: Int) -> Int64 { Int64(count) * 1_000_000 / Int64(rate) }

    // MARK: Cleaning

    /// Removes rows that say nothing any more. At most `limit`; how many.
    package static func prune(limit: Int, in session: Session) async throws -> Int {
        try await session.execute(
            """
            DELETE FROM rate_buckets
             WHERE (app, name) IN (
                       SELECT app, name FROM rate_buckets
                        WHERE greatest(next_at, line_at) < clock_timestamp() - interval '10 minutes'
                        LIMIT \(limit)
                          FOR UPDATE SKIP LOCKED)
            """
        )
    }
}
