import Delivery
import Hosting
import Model
import Providers
import Runtime

/// Takes jobs of the SMS queue to the providers of text messages. No public routes.
@main
enum DeliverySMS {
    static func main() async {
        await DeliveryProcess.run("delivery-sms") { context, tools in
            SMSChannel(
                providers: ChannelProviders(
                    tools, masterKey: context.masterKey, maker: { $0.sms },
                    standard: DevInboxProvider.standard(tools) { $0.sms }),
                references: SendReferences(masterKey: context.masterKey),
                tracking: TrackingTokens(masterKey: context.masterKey),
                publicURL: context.configuration.publicURL,
                environment: context.environment)
        }
    }
}
