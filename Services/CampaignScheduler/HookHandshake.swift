import Core
import HTTPClient
import Hosting
import Model
import PinpointAPI
import Postgres
import Runtime

/// Asks the receiver of a web hook or of custom messages, before a campaign may name it, whether it wants this account's people: HEAD must be
/// answered with the account's number, as Pinpoint has it (pinpoint-api §5).
///
/// Why: otherwise anybody who may write campaigns could point them at somebody else's server. Switched off by
/// `NEEDLETAIL_HOOK_HANDSHAKE=0`. Runs outside of any transaction.
enum HookHandshake {
    private static let header = "X-Amz-Pinpoint-AccountId"
    private static let timeout: Duration = .seconds(5)

    /// A campaign that keeps the receivers it has is not asked about them again: it must be possible to pause one whose receiver is
    /// down.
    static func check(
        _ request: WriteCampaignRequest, ofExisting id: CampaignID, _ app: AppID, _ call: RequestContext
    ) async throws {
        let named = receivers(of: request)
        guard call.context.configuration.isHookHandshakeOn, !named.isEmpty else { return }
        let stored = try await call.context.database.withSession { session in
            try await CampaignStore.load(app, id: id, account: call.account, in: session)
        }
        let known = Set(stored.map { receivers(of: $0.request).map(\.url) } ?? [])
        try await ask(named.filter { !known.contains($0.url) }, call)
    }

    static func check(_ request: WriteCampaignRequest, _ call: RequestContext) async throws {
        guard call.context.configuration.isHookHandshakeOn else { return }
        try await ask(receivers(of: request), call)
    }

    /// Web URLs that people are handed to, once each, and where the request names them.
    private static func receivers(of request: WriteCampaignRequest) -> [(url: String, path: WirePath)] {
        let delivery = "CustomDeliveryConfiguration"
        var named = [
            (request.hook?.webUrl, WirePath.root.member("Hook").member("WebUrl")),
            (request.customDeliveryConfiguration?.deliveryUri, WirePath.root.member(delivery).member("DeliveryUri")),
        ]
        for (index, treatment) in (request.additionalTreatments ?? []).enumerated() {
            let path = WirePath.root.member("AdditionalTreatments").element(index).member(delivery)
            named.append((treatment.customDeliveryConfiguration?.deliveryUri, path.member("DeliveryUri")))
        }
        var seen: Set<String> = []
        return named.compactMap { url, path in
            guard let url, url.contains("://"), seen.insert(url).inserted else { return nil }
            return (url, path)
        }
    }

    private static func ask(_ receivers: [(url: String, path: WirePath)], _ call: RequestContext) async throws {
        guard !receivers.isEmpty else { return }
        let context = call.context
        // A connection of its own: campaigns are written far too rarely to keep one.
        let client = OutboundClient(
            rules: OutboundRules(context.configuration), environment: context.environment, metrics: context.metrics)
        defer { client.close() }
        for (url, path) in receivers {
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
                throw path.refusal("must be reachable over https and answer HEAD with \(header): \(call.account)")
            }
        }
    }
}
