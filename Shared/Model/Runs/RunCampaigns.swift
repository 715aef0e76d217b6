package import Core
import EventLoop
package import Postgres

/// Which campaign a run belongs to. That never changes, so it is kept in memory: a popular mail is opened thousands of times.
package final class RunCampaigns: Sendable {
    private static let limit = 4096

    private let database: Database
    private let known = Lock<[RunID: (app: AppID, campaign: CampaignID)]>([:])

    package init(database: Database) {
        self.database = database
    }

    /// Nil when the app has no such run (any more).
    package func campaign(of run: RunID, app: AppID) async throws -> CampaignID? {
        if let found = known.withLock({ $0[run] }) { return found.app == app ? found.campaign : nil }
        let rows = try await database.query("SELECT campaign FROM runs WHERE app = \(app) AND id = \(run)")
        guard let row = rows.first else { return nil }
        let campaign: CampaignID = try row.get(0)
        known.withLock { known in
            if known.count >= Self.limit { known = [:] }
            known[run] = (app, campaign)
        }
        return campaign
    }
}
