package import Core
import EventLoop
package import Postgres

/// An app's in-app campaigns as this process read them in the last second: every client that starts asks, and asks for the same.
///
/// So a campaign that starts, pauses or changes does so for clients up to a second late; none is shown after its end. What is
/// decided per person, membership and treatment, is not kept.
package final class InAppCampaignCache: Sendable {
    package static let lifetime: Duration = .seconds(1)
    /// A campaign may show 200,000 characters, so that few apps are kept.
    private static let apps = 32

    private let known: ExpiringCache<AppID, [InAppCampaigns.Active]>

    /// `clock` counts microseconds, forward only.
    package init(clock: @escaping @Sendable () -> Int64 = { MonotonicClock.now() }) {
        known = ExpiringCache(lifetime: Self.lifetime, limit: Self.apps, clock: clock)
    }

    /// As `InAppCampaigns.active`.
    package func active(
        _ app: AppID, account: String, at now: Instant, in session: Session
    ) async throws -> [InAppCampaigns.Active] {
        if let campaigns = known[app] { return campaigns.filter { $0.end.map { $0 > now } ?? true } }
        let readAt = known.now()
        let campaigns = try await InAppCampaigns.active(app, account: account, at: now, in: session)
        known.store(campaigns, for: app, readAt: readAt)
        return campaigns
    }
}
