import Core
import HTTPClient
import Hosting
import Model
import PinpointAPI
import Postgres
import Runtime

/// Asks the receiver of a web hook, before a campaign may name it, whether it wants this account's people: HEAD must be
/// answered with the account's number, as Pinpoint has it (pinpoint-api §5).
///
/// Why: otherwise anybody who may write campaigns could point them at somebody else's server. Switched off by
/// `NEEDLETAIL_HOOK_HANDSHAKE=0`. Runs outside of any transaction.
enum HookHandshake {
    private static let header = "X-Amz-Pinpoint-AccountId"
    private static let timeout: Duration = .seconds(5)

    /// A campaign that keeps the hook it has is not asked about it again: it must be possible to pause one whose receiver is
    /// down.
    static func check(_ hook: CampaignHook?, ofExisting id: CampaignID, _ app: AppID, _ call: RequestContext)
        async throws
    {
        guard isDue(hook, call) else { return }
        let stored = try await call.context.database.withSession { session in
            try await CampaignStore.load(app, id: id, account: call.account, in: session)
        }
        guard stored?.request.hook?.webUrl != hook?.webUrl else { return }
        try await check(hook, call)
    }

    static func check(_ hook: CampaignHook?, _ call: RequestContext) async throws {
        guard isDue(hook, call), let url = hook?.webUrl else { return }
        let context = call.context
        // A connection of its own: campaigns are written far too rarely to keep one.
        let client = OutboundClient(
            rules: OutboundRules(context.configuration), environment: context.environment, metrics: context.metrics)
        defer { client.close() }
        let found: String?
        do throws(ClientFault) {
            let request = ClientRequest(method: "HEAD", url: url, connectTimeout: timeout, totalTimeout: timeout)
            found = try await client.send(request).header(header)
        } catch {
            // The caller learns only that it did not work: an address inside must look like one that is not there.
            context.environment.log.warning("hook.handshake_failed", ["reason": .string(error.reason.rawValue)])
            found = nil
        }
        guard found == call.account else {
            throw WirePath.root.member("Hook").member("WebUrl").refusal(
                "must be reachable over https and answer HEAD with \(header): \(call.account)")
        }
    }

    private static func isDue(_ hook: CampaignHook?, _ call: RequestContext) -> Bool {
        call.context.configuration.isHookHandshakeOn && hook?.webUrl?.isEmpty == false
    }
}
