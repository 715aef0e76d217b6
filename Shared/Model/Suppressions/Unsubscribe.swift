package import Core
package import Postgres

/// A person's wish, by the link in a message, to get no more e-mail from an app.
///
/// It concerns the endpoint's present address: a link says who, not where. When the endpoint was deleted there is no
/// address to suppress.
package struct Unsubscribe: Sendable {
    package let app: AppID
    package let endpointKey: Int64
    package let run: RunID
    /// Nil when the run is gone.
    package let campaign: CampaignID?
    package let at: Instant

    package init(app: AppID, endpointKey: Int64, run: RunID, campaign: CampaignID?, at: Instant) {
        self.app = app
        self.endpointKey = endpointKey
        self.run = run
        self.campaign = campaign
        self.at = at
    }

    /// For `suppressions.source`.
    var source: JSON {
        var source: JSONObject = ["from": "unsubscribe", "run": .string(run.description)]
        source["campaign"] = campaign.map { .string($0.description) }
        return .object(source)
    }

    /// Whether this run's link has been used already and the address is still suppressed: then there is nothing to do.
    package func isDone(in session: Session) async throws -> Bool {
        let rows = try await session.query(
            """
            SELECT EXISTS (SELECT FROM engagements
                            WHERE app = \(app) AND run = \(run) AND endpoint_key = \(endpointKey)
                              AND type = \(Engagement.Kind.unsubscribe.rawValue))
               AND EXISTS (SELECT FROM endpoints e
                             JOIN suppressions x ON x.app = e.app AND x.channel = 'EMAIL' AND x.address_hash = e.address_hash
                            WHERE e.app = \(app) AND e.endpoint_key = \(endpointKey))
            """
        )
        return try rows.first?.get(0) ?? false
    }
}
