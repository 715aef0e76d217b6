import Core
import EventLoop
import Model
import Postgres

/// The rates per recipient domain as they are now: what an operator changes holds a second later, also for runs under way.
final class LiveDomainRates: Sendable {
    private static let lifetime: Duration = .seconds(1)

    private let known = ExpiringCache<AppID, DomainRates?>(lifetime: lifetime, limit: 4096)

    /// Nil when the app's mail is not limited. One small question per app and second.
    func load(_ app: AppID, in session: Session) async throws -> DomainRates? {
        if let rates = known[app] { return rates }
        let readAt = known.now()
        let rates = try await ChannelStore.domainRates(app, in: session)
        known.store(rates, for: app, readAt: readAt)
        return rates
    }
}
