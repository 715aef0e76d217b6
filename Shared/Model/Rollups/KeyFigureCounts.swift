package import Core
package import Postgres

/// The sums that key figures are made of, over one group and time range.
package struct KeyFigureCounts: Sendable, Equatable {
    package var accepted: Int64
    /// Accepted, and nothing was heard since of its failing: a provider that never reports has delivered what it took.
    package var delivered: Int64
    /// Handed to the provider, whatever it said.
    package var attempted: Int64
    /// At once, or reported later.
    package var hardBounces: Int64
    package var opens: Int64
    package var uniqueOpens: Int64
    package var clicks: Int64

    package enum Grouping: Sendable {
        case none, date, campaign, activity
    }

    package struct Row: Sendable {
        /// A date `YYYY-MM-DD`, a campaign's id, an activity's id; nil without grouping.
        package var group: String?
        package var counts: KeyFigureCounts
    }

    /// Rows of a figure are bounded: 31 days, or so many campaigns or activities.
    private static let rowLimit = 1000

    /// `campaign` nil: all campaigns of the app, test sends left out. `range` is inclusive, in business time.
    package static func load(
        _ app: AppID,
        campaign: CampaignID?,
        range: ClosedRange<Instant>,
        by grouping: Grouping,
        in session: Session
    ) async throws -> [Row] {
        let scope: SQL = campaign.map { "AND source_id = \($0)" } ?? "AND source_id <> \(TestRun.campaign)"
        let rows = try await session.query(
            """
            SELECT \(key(grouping)) AS key, min(treatment),
                   coalesce(sum(n) FILTER (WHERE type = '_outcome.accepted'), 0)::bigint,
                   coalesce(sum(n) FILTER (WHERE type LIKE '\\_outcome.accepted%' OR type LIKE '\\_outcome.rejected%'
                                              OR type LIKE '\\_outcome.unknown%'), 0)::bigint,
                   coalesce(sum(n) FILTER (WHERE type = '_outcome.rejected.ADDRESS'), 0)::bigint,
                   coalesce(sum(n) FILTER (WHERE type = ANY (\(failures))), 0)::bigint,
                   coalesce(sum(n) FILTER (WHERE type = \(Receipt.Kind.hardBounce.rollupType)), 0)::bigint,
                   coalesce(sum(n) FILTER (WHERE type = '_email.open'), 0)::bigint,
                   coalesce(sum(uniques) FILTER (WHERE type = '_email.open'), 0)::bigint,
                   coalesce(sum(n) FILTER (WHERE type = '_email.click'), 0)::bigint
              FROM rollups
             WHERE app = \(app) AND source = 'campaign' AND treatment <> '-1' \(scope)
               AND minute >= date_trunc('minute', \(range.lowerBound)) AND minute <= \(range.upperBound)
             GROUP BY 1
             ORDER BY 1
             LIMIT \(rowLimit)
            """
        )
        return try rows.map { row in
            let key: String = try row.get(0)
            let accepted: Int64 = try row.get(2)
            let (refused, failed, bounced): (Int64, Int64, Int64) = (try row.get(4), try row.get(5), try row.get(6))
            return Row(
                group: try name(key, grouping),
                counts: KeyFigureCounts(
                    accepted: accepted,
                    delivered: max(0, accepted - failed),
                    attempted: try row.get(3),
                    hardBounces: refused + bounced,
                    opens: try row.get(7),
                    uniqueOpens: try row.get(8),
                    clicks: try row.get(9)
                )
            )
        }
    }

    private static let failures = Receipt.Kind.allCases.filter(\.isFailure).map(\.rollupType)

    private static func key(_ grouping: Grouping) -> SQL {
        switch grouping {
        case .none: "''"
        case .date: "to_char(minute AT TIME ZONE 'UTC', 'YYYY-MM-DD')"
        case .campaign: "replace(source_id::text, '-', '')"
        case .activity: "replace(run::text, '-', '') || ' ' || treatment"
        }
    }

    private static func name(_ key: String, _ grouping: Grouping) throws(Fault) -> String? {
        switch grouping {
        case .none: return nil
        case .date, .campaign: return key
        case .activity:
            let parts = key.split(separator: " ")
            guard parts.count == 2, let run = RunID(parts[0]), let treatment = Int16(parts[1]) else {
                throw Fault(.integrity, "a roll-up names no activity")
            }
            return CampaignActivity.id(run, treatment: treatment).description
        }
    }
}
