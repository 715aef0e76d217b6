import Core
import Crypto
import EventLoop
import Model
import PinpointAPI
import Postgres

/// How many live streams of in-app messages this process holds, and when the campaigns of an app were other ones than before.
final class InAppStreams: Sendable {
    /// Of the 4,096 connections of a process; the others stay for requests.
    static let limit = 1024
    /// So that no app takes all.
    static let limitPerApp = 512

    private struct Counts {
        var all = 0
        var apps: [AppID: Int] = [:]
    }

    private let limits: (all: Int, perApp: Int)
    private let open = Lock(Counts())
    /// As old as what `InAppCampaignCache` answers.
    private let prints = ExpiringCache<AppID, [UInt8]>(lifetime: InAppCampaignCache.lifetime, limit: 256)

    init(limit: Int = InAppStreams.limit, limitPerApp: Int = InAppStreams.limitPerApp) {
        limits = (limit, limitPerApp)
    }

    func hasRoom(for app: AppID) -> Bool { open.withLock { hasRoom($0, app) } }

    private func hasRoom(_ counts: Counts, _ app: AppID) -> Bool {
        counts.all < limits.all && counts.apps[app, default: 0] < limits.perApp
    }

    /// False when there is no room; else `leave` must follow.
    func enter(_ app: AppID) -> Bool {
        open.withLock { counts in
            guard hasRoom(counts, app) else { return false }
            counts.all += 1
            counts.apps[app, default: 0] += 1
            return true
        }
    }

    func leave(_ app: AppID) {
        open.withLock { counts in
            counts.all -= 1
            let left = counts.apps[app, default: 1] - 1
            counts.apps[app] = left > 0 ? left : nil
        }
    }

    /// Differs whenever what any client of the app is shown may differ because of its campaigns. Read once a second, whatever the
    /// number of streams.
    func fingerprint(
        of app: AppID, _ campaigns: InAppCampaignCache, account: String, at now: Instant, _ database: Database
    ) async throws -> [UInt8] {
        if let known = prints[app] { return known }
        let readAt = prints.now()
        let active = try await database.withSession { session in
            try await campaigns.active(app, account: account, at: now, in: session)
        }
        var bytes: [UInt8] = []
        for campaign in active {
            bytes += campaign.id.bytes
            bytes += campaign.request.json.serialized
            for message in campaign.messages { bytes += message?.json.serialized ?? [0] }
        }
        let print = SHA256.hash(bytes)
        prints.store(print, for: app, readAt: readAt)
        return print
    }
}
