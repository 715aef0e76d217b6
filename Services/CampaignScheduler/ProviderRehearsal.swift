import Core
import HTTPClient
import Hosting
import Model
import PinpointAPI
import Providers
import Runtime

/// Makes providers as a worker would, so that a key which cannot be read is told to who brings it, not to the next campaign.
struct ProviderRehearsal {
    private let context: ServiceContext

    init(_ context: ServiceContext) {
        self.context = context
    }

    /// Throws 400 naming the provider. Nothing is sent anywhere.
    func check(
        _ providers: [StoredProvider], of app: AppID, channel: String, configuration: JSONObject
    ) throws {
        let client = OutboundClient(
            rules: OutboundRules(context.configuration), environment: context.environment, metrics: context.metrics)
        let tools = ProviderTools(
            client: client, database: context.database, environment: context.environment, metrics: context.metrics,
            publicURL: context.configuration.publicURL, aws: try AWSAccess.of(context.configuration))
        for (index, provider) in providers.enumerated() {
            guard let kind = ProviderKinds.named(provider.kind) else { continue }
            let setup = ProviderSetup(
                app: app, channelType: channel, provider: provider, channel: configuration,
                publicURL: context.configuration.publicURL)
            do {
                _ = try kind.email?(setup, tools)
                _ = try kind.sms?(setup, tools)
                _ = try kind.voice?(setup, tools)
                _ = try kind.push?(setup, tools)
                _ = try kind.inbound?(setup, tools)
            } catch let fault as Fault where fault.code == .configuration || fault.code == .invalid {
                throw WirePath.root.member("Providers").element(index).refusal("cannot be used: \(fault.publicMessage)")
            }
        }
    }
}
