package import Core
package import Postgres

extension LedgerProof {
    /// Whether the roll-ups say the same as the raw rows (invariant I7). Only meaningful once the roll-up cursor is past the
    /// run's last change, and under AT_MOST_ONCE: under AT_LEAST_ONCE a recipient's two outcomes may both be counted.
    package static func rollupViolations(
        _ sheet: BalanceSheet,
        app: AppID,
        campaign: CampaignID,
        in session: Session
    ) async throws -> [Violation] {
        let policies = try await session.query(
            "SELECT frozen->>'delivery_policy' FROM runs WHERE app = \(app) AND id = \(sheet.run)"
        )
        let policy: String? = try policies.first?.get(0)
        guard policy == DeliveryPolicy.atMostOnce.rawValue else { return [] }
        let rows = try await session.query(
            """
            SELECT treatment, type, sum(n)::bigint FROM rollups
             WHERE app = \(app) AND source = 'campaign' AND source_id = \(campaign) AND run = \(sheet.run)
               AND starts_with(type, \(OutcomeEvent.prefix))
             GROUP BY treatment, type
            """
        )
        var counted: [String: Int64] = [:]
        for row in rows {
            let treatment: String = try row.get(0)
            let type: String = try row.get(1)
            counted["\(treatment) \(type)"] = try row.get(2)
        }
        for line in sheet.lines {
            let type = OutcomeEvent.type(state: line.state, reason: line.reason.map { OutcomeReason($0) })
            counted["\(line.treatment) \(type)", default: 0] -= line.count
        }
        return counted.filter { $0.value != 0 }.sorted { $0.key < $1.key }.map { key, difference in
            Violation(name: "roll-up", detail: "treatment \(key) differs from the raw rows by \(difference)")
        }
    }
}
