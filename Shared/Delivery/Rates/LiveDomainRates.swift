import Core
import EventLoop
import Model
import Postgres

/// The rates per recipient domain as they are now: what an operator changes holds a second later, also for runs under way.
final class LiveDomainRates: Sendable {
    private struct Entry {
        var rates: DomainRates?
        var expires: Int64
    }

    private static let lifetime: Duration = .seconds(1)
    private static let limit = 4096

    private let entries = Lock<[AppID: Entry]>([:])

    /// Nil when the app's mail is not limited. One small question per app and second.
    func load(_ app: AppID, in session: Session) async throws -> DomainRates? {
        let now = MonotonicClock.now()
        if let entry = entries.withLock({ $0[app] }), entry.expires > now { return entry.rates }
        let rates = try await ChannelStore.domainRates(app, in: session)
        entries.withLock { entries in
            if entries.count >= Self.limit { entries = [:] }
            entries[app] = Entry(rates: rates, expires: now + Self.lifetime.microseconds)
        }
        return rates
    }
}
