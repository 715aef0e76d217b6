package import Core
package import Postgres
package import Segments

/// What a run of a segment would plan and reach at one moment.
package struct SegmentEstimate: Sendable {
    package struct Tally: Sendable, Equatable {
        /// Members: what a run would plan.
        package var count: Int64
        /// Members less those that the gate would refuse at this moment (see `Reachability`).
        package var reachable: Int64

        package init(count: Int64 = 0, reachable: Int64 = 0) {
            self.count = count
            self.reachable = reachable
        }
    }

    package var total: Tally
    /// By ChannelType; members without one are in the total only.
    package var byChannel: [String: Tally]
    /// The members with the lowest endpoint keys, as the API shows endpoints. The key is a hash: as good as drawn at random,
    /// and the same ones every time.
    package var sample: [JSON]
    /// The statement that counts the members, with its parameters as comments.
    package var sql: String

    package static let sampleSize = 10
}

/// What has to be counted for an estimate, by SQL or by an index.
package struct SegmentCount: Sendable, Equatable {
    package var total: SegmentEstimate.Tally
    package var byChannel: [String: SegmentEstimate.Tally]
    /// Ascending.
    package var sampleKeys: [Int64]

    package init(
        total: SegmentEstimate.Tally = .init(), byChannel: [String: SegmentEstimate.Tally] = [:],
        sampleKeys: [Int64] = []
    ) {
        self.total = total
        self.byChannel = byChannel
        self.sampleKeys = sampleKeys
    }
}

package enum SegmentEstimator {
    /// Two statements: one pass over the members, then the rows of the sample.
    package static func estimate(
        _ segment: ResolvedSegment,
        app: AppID,
        now: Instant,
        in session: Session
    ) async throws -> SegmentEstimate {
        let counted = try await count(segment, app: app, now: now, in: session)
        return try await estimate(counted, of: segment, app: app, now: now) { try await session.query($0) }
    }

    /// The same, of what a column index has counted: reads the rows of the sample, and commits the session's transaction.
    package static func estimate(
        _ counted: SegmentCount,
        of segment: ResolvedSegment,
        app: AppID,
        now: Instant,
        in session: Session
    ) async throws -> SegmentEstimate {
        try await estimate(counted, of: segment, app: app, now: now) { try await session.commit(with: [$0])[0] }
    }

    private static func estimate(
        _ counted: SegmentCount,
        of segment: ResolvedSegment,
        app: AppID,
        now: Instant,
        query: (SQL) async throws -> [Row]
    ) async throws -> SegmentEstimate {
        let sample = try await query(endpoints(counted.sampleKeys, of: app))
        let predicate = SegmentCompiler.predicate(segment, app: app, now: now)
        return SegmentEstimate(
            total: counted.total,
            byChannel: counted.byChannel,
            sample: try sample.map { try $0.get(0) },
            sql: ("SELECT count(*)\n  FROM endpoints AS e\n WHERE \(predicate)" as SQL).listing
        )
    }

    /// As an index counts it, to compare the two.
    package static func count(
        _ segment: ResolvedSegment,
        app: AppID,
        now: Instant,
        in session: Session
    ) async throws -> SegmentCount {
        var counted = SegmentCount()
        let predicate = SegmentCompiler.predicate(segment, app: app, now: now)
        for row in try await SegmentPlanning.query(tally(predicate), in: session) {
            let channel: String? = try row.get(0)
            let tally = SegmentEstimate.Tally(count: try row.get(1), reachable: try row.get(2))
            counted.total.count += tally.count
            counted.total.reachable += tally.reachable
            if let channel { counted.byChannel[channel] = tally }
            counted.sampleKeys = try row.get(3)
        }
        return counted
    }

    /// Which of `keys` are members.
    package static func members(
        of segment: ResolvedSegment,
        app: AppID,
        among keys: [Int64],
        now: Instant,
        in session: Session
    ) async throws -> Set<Int64> {
        let rows = try await SegmentPlanning.query(
            """
            SELECT e.endpoint_key
              FROM endpoints AS e
             WHERE \(SegmentCompiler.predicate(segment, app: app, now: now)) AND e.endpoint_key = ANY (\(keys))
            """,
            in: session
        )
        return Set(try rows.map { try $0.get(0) as Int64 })
    }

    /// Grouped by address first: of several reachable members with one address, one is sent to. Without a hash (an
    /// address that no suppression can hold) the address stands for itself.
    private static func tally(_ predicate: SQL) -> SQL {
        """
        WITH members AS MATERIALIZED (
            SELECT e.endpoint_key, e.channel_type, coalesce(e.address_hash, convert_to(e.address, 'UTF8')) AS address,
                   \(Reachability.refusal()) IS NULL AS is_reachable
              FROM endpoints AS e
             WHERE \(predicate)),
        addresses AS (
            SELECT channel_type, count(*) AS members, bool_or(is_reachable) AS is_reachable
              FROM members
             GROUP BY channel_type, address)
        SELECT channel_type, sum(members)::bigint, count(*) FILTER (WHERE is_reachable),
               ARRAY(SELECT endpoint_key FROM members ORDER BY endpoint_key LIMIT \(SegmentEstimate.sampleSize))
          FROM addresses
         GROUP BY channel_type
        """
    }

    private static func endpoints(_ keys: [Int64], of app: AppID) -> SQL {
        """
        SELECT jsonb_strip_nulls(jsonb_build_object(
                   'Id', external_id, 'ApplicationId', replace(app::text, '-', ''), 'ChannelType', channel_type,
                   'Address', address, 'Attributes', attributes, 'Metrics', metrics, 'Demographic', demographic,
                   'Location', location, 'OptOut', opt_out, 'EndpointStatus', endpoint_status, 'CohortId', cohort::text,
                   'User', CASE WHEN user_id IS NOT NULL
                           THEN jsonb_build_object('UserId', user_id, 'UserAttributes', user_attributes) END))
          FROM endpoints
         WHERE app = \(app) AND endpoint_key = ANY (\(keys))
         ORDER BY endpoint_key
        """
    }
}
