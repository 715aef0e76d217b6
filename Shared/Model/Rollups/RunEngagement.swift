package import Core
package import Postgres

/// What people did with one run's messages, per treatment, from the roll-ups.
package struct RunEngagement: Sendable, Equatable {
    package struct Treatment: Sendable, Equatable {
        package var treatment: Int16
        package var accepted: Int64 = 0
        package var opens: Int64 = 0
        package var uniqueOpens: Int64 = 0
        package var clicks: Int64 = 0
        package var uniqueClicks: Int64 = 0
        package var unsubscribes: Int64 = 0
        package var complaints: Int64 = 0
        /// Confirmed by the provider; of a provider that does not report, none are.
        package var delivered: Int64 = 0
        package var hardBounces: Int64 = 0
        /// And other failures that leave the address as it is.
        package var softBounces: Int64 = 0
    }

    package var treatments: [Treatment]

    package static func load(
        _ app: AppID,
        campaign: CampaignID,
        run: RunID,
        in session: Session
    ) async throws -> RunEngagement {
        let rows = try await session.query(
            """
            SELECT treatment, type, sum(n)::bigint, sum(uniques)::bigint FROM rollups
             WHERE app = \(app) AND source = 'campaign' AND source_id = \(campaign) AND run = \(run)
             GROUP BY treatment, type
            """
        )
        var byTreatment: [Int16: Treatment] = [:]
        for row in rows {
            let text: String = try row.get(0)
            guard let number = Int16(text), number >= 0 else { continue }
            let n: Int64 = try row.get(2)
            let uniques: Int64 = try row.get(3)
            byTreatment[number, default: Treatment(treatment: number)].add(try row.get(1), n: n, uniques: uniques)
        }
        return RunEngagement(treatments: byTreatment.values.sorted { $0.treatment < $1.treatment })
    }
}

extension RunEngagement.Treatment {
    fileprivate static let otherFailures = Set(
        Receipt.Kind.allCases.filter { $0.isFailure && $0 != .hardBounce }.map(\.rollupType))
    private static let acceptedType = OutcomeEvent.type(state: .accepted, reason: nil)

    fileprivate mutating func add(_ type: String, n: Int64, uniques: Int64) {
        switch type {
        case Self.acceptedType: accepted += n
        case "_email.open": (opens, uniqueOpens) = (opens + n, uniqueOpens + uniques)
        case "_email.click": (clicks, uniqueClicks) = (clicks + n, uniqueClicks + uniques)
        case "_email.unsubscribe": unsubscribes += uniques
        case "_email.complaint": complaints += uniques
        case Receipt.Kind.delivered.rollupType, Receipt.Kind.answered.rollupType: delivered += n
        case Receipt.Kind.hardBounce.rollupType: hardBounces += n
        case _ where Self.otherFailures.contains(type): softBounces += n
        case _: break
        }
    }
}
