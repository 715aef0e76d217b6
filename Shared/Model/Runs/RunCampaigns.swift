package import Core
import EventLoop
package import Postgres
import Segments

/// Which campaign a run belongs to. That never changes, so it is kept in memory: a popular mail is opened thousands of times.
package final class RunCampaigns: Sendable {
    private static let limit = 4096

    private let database: Database
    private let known = Lock<[RunID: (app: AppID, origin: Origin)]>([:])

    package init(database: Database) {
        self.database = database
    }

    package struct Origin: Sendable {
        package let campaign: CampaignID
        /// Its messages were started by events of ours, so that what happens to them starts no others.
        package let isStartedByService: Bool
        package let runDay: Day
    }

    /// Nil when the app has no such run (any more).
    package func origin(of run: RunID, app: AppID) async throws -> Origin? {
        if let found = known.withLock({ $0[run] }) { return found.app == app ? found.origin : nil }
        let rows = try await database.query(
            "SELECT campaign, frozen->>'trigger', run_day FROM runs WHERE app = \(app) AND id = \(run)")
        guard let row = rows.first else { return nil }
        let trigger: String? = try row.get(1)
        let origin = Origin(
            campaign: try row.get(0), isStartedByService: trigger == TriggerFilter.Source.system.rawValue,
            runDay: try row.get(2))
        known.withLock { known in
            if known.count >= Self.limit { known = [:] }
            known[run] = (app, origin)
        }
        return origin
    }
}
