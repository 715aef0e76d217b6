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

    private struct Entry {
        var triggers: AppTriggers
        var askedAt: Int64
        /// Somebody asks again; the others need not.
        var isBeingAsked = false
    }

    package static let lifetime: Duration = .seconds(1)
    /// From here on one caller asks again, while the others still take what is known.
    private static let renewal: Duration = .milliseconds(750)
    private static let limit = 1024

    private let database: Database
    private let entries = Lock<[AppID: Entry]>([:])
    private let clock: @Sendable () -> Int64

    /// `clock` counts microseconds, forward only.
    package init(database: Database, clock: @escaping @Sendable () -> Int64 = { MonotonicClock.now() }) {
        self.database = database
        self.clock = clock
    }

    package func triggers(of app: AppID) async throws -> AppTriggers {
        let now = clock()
        if let known = entries.withLock({ Self.known(app, now: now, in: &$0) }) { return known }
        do {
            let loaded = try await database.withSession { try await Self.load(app, in: $0) }
            entries.withLock { entries in
                if entries.count >= Self.limit { entries = [:] }
                entries[app] = Entry(triggers: loaded, askedAt: now)
            }
            return loaded
        } catch {
            entries.withLock { $0[app]?.isBeingAsked = false }
            throw error
        }
    }

    /// Nil when the caller has to ask.
    private static func known(_ app: AppID, now: Int64, in entries: inout [AppID: Entry]) -> AppTriggers? {
        guard let entry = entries[app], now - entry.askedAt < lifetime.microseconds else { return nil }
        if now - entry.askedAt >= renewal.microseconds, !entry.isBeingAsked {
            entries[app]?.isBeingAsked = true
            return nil
        }
        return entry.triggers
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
            let request = try CampaignStore.request(try row.get(4), of: campaign)
            triggers.append(
                EventTrigger(
                    name: .init(campaign: campaign, version: Int(version)),
                    filter: try filter(request.schedule, of: campaign), start: first, end: try row.get(3)))
        }
        return AppTriggers(
            endpoint: EventTriggers(triggers.filter { $0.filter.source == .endpoint }),
            system: EventTriggers(triggers.filter { $0.filter.source == .system }))
    }

    /// What was stored passed the same checks when it came in.
    private static func filter(_ schedule: Schedule?, of campaign: CampaignID) throws(Fault) -> TriggerFilter {
        do {
            return try TriggerFilter(schedule?.eventFilter, at: .root)
        } catch {
            throw Fault(.integrity, "The stored event filter of campaign \(campaign) is not valid", cause: error)
        }
    }
}
