package import Core
import EventLoop
import PinpointAPI
package import Postgres

/// Apps whose settings have a Daily, as this process read them in the last second: every message of theirs is recorded, whatever
/// the caps of its own campaign are. So a Daily that is set counts messages from a second later on, of runs under way too.
package final class CountingApps: Sendable {
    package static let lifetime: Duration = .seconds(1)

    private let known: ExpiringCache<AppID, Bool>

    /// `clock` counts microseconds, forward only.
    package init(clock: @escaping @Sendable () -> Int64 = { MonotonicClock.now() }) {
        known = ExpiringCache(lifetime: Self.lifetime, limit: 4096, clock: clock)
    }

    package func contains(_ app: AppID, in session: Session) async throws -> Bool {
        if let counts = known[app] { return counts }
        let readAt = known.now()
        let limits = try await AppSettingsStore.load(app, in: session)?.settings.limits
        let counts = (limits?.daily ?? 0) > 0
        known.store(counts, for: app, readAt: readAt)
        return counts
    }
}
