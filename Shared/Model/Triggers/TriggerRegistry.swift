package import Core
import EventLoop
import PinpointAPI
package import Postgres
import Segments

/// The active triggers of the apps of a process, compiled, at most a second old: an edit, a pause or a new campaign holds for
/// events from a second later on, and an app without triggers costs its events nothing.
package final class TriggerRegistry: Sendable {
    /// By source.
    package struct AppTriggers: Sendable {
        package var endpoint = EventTriggers.none
        package var system = EventTriggers.none

        package init(endpoint: EventTriggers = .none, system: EventTriggers = .none) {
            self.endpoint = endpoint
            self.system = system
        }
    }

    private struct Known {
        var triggers: AppTriggers
        var readAt: Int64
        /// Somebody asks again; the others need not.
        var isBeingRenewed = false
    }

    package static let lifetime: Duration = .seconds(1)
    /// From here on one request asks again, while those beside it still take what is known: else all would ask at once.
    private static let renewal: Duration = .milliseconds(750)
    private static let apps = 1024

    private let database: Database
    private let known: ExpiringCache<AppID, Known>

    /// `clock` counts microseconds, forward only.
    package init(database: Database, clock: @escaping @Sendable () -> Int64 = { MonotonicClock.now() }) {
        self.database = database
        known = ExpiringCache(lifetime: Self.lifetime, limit: Self.apps, clock: clock)
    }

    package func triggers(of app: AppID) async throws -> AppTriggers {
        let readAt = known.now()
        if let found = known[app], !renews(app, found, at: readAt) { return found.triggers }
        do {
            let loaded = try await database.withSession { try await Self.load(app, in: $0) }
            known.store(Known(triggers: loaded, readAt: readAt), for: app, readAt: readAt)
            return loaded
        } catch {
            known.update(app) { $0.isBeingRenewed = false }
            throw error
        }
    }

    private func renews(_ app: AppID, _ found: Known, at now: Int64) -> Bool {
        guard now - found.readAt >= Self.renewal.microseconds else { return false }
        var isOurs = false
        known.update(app) { known in
            isOurs = !known.isBeingRenewed
            known.isBeingRenewed = true
        }
        return isOurs
    }

    /// Those that are on or will be; whether an event lies in a trigger's time is asked of each event.
    package static func load(_ app: AppID, in session: Session) async throws -> AppTriggers {
        let rows = try await session.query(
            """
            SELECT c.id, c.version, c.events_from, c.ends_at, v.definition
              FROM campaigns c
              JOIN campaign_versions v ON v.app = c.app AND v.id = c.id AND v.version = c.version
             WHERE c.app = \(app) AND c.frequency = \(Frequency.event.rawValue) AND c.deleted_at IS NULL
               AND c.status IN \(EventCampaigns.on)
             ORDER BY c.created_at, c.id
            """
        )
        var triggers: [EventTrigger] = []
        for row in rows {
            let campaign: CampaignID = try row.get(0)
            let version: Int32 = try row.get(1)
            guard let first: Instant = try row.get(2) else { continue }
            // A row that cannot be read keeps its own campaign from starting, not the app's events from being stored.
            guard let filter = try? filter(CampaignStore.request(try row.get(4), of: campaign).schedule) else {
                continue
            }
            triggers.append(
                EventTrigger(
                    name: .init(campaign: campaign, version: Int(version)), filter: filter, start: first,
                    end: try row.get(3)))
        }
        return AppTriggers(
            endpoint: EventTriggers(triggers.filter { $0.filter.source == .endpoint }),
            system: EventTriggers(triggers.filter { $0.filter.source == .system }))
    }

    /// What was stored passed the same checks when it came in.
    private static func filter(_ schedule: Schedule?) throws(APIError) -> TriggerFilter {
        try TriggerFilter(schedule?.eventFilter, at: .root)
    }
}
