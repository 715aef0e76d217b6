import Core
import Delivery
import HTTPClient
import Hosting
import Model
import Providers
import Runtime

/// Takes jobs of the e-mail queue to each app's providers, or to the installation's SMTP server. No public routes.
@main
enum DeliveryEmail {
    static func main() async {
        await DeliveryProcess.run("delivery-email") { context, tools in
            let standard = try standard(context)
            let providers = ChannelProviders<OutgoingEmail>(
                tools, masterKey: context.masterKey, maker: \.email, standard: { _, _, _ in standard })
            return EmailChannel(
                provider: { await providers.provider(of: $0, EmailChannel.type) },
                masterKey: context.masterKey,
                publicURL: context.configuration.publicURL,
                environment: context.environment)
        }
    }

    /// Who takes the mail of apps without a provider of their own; nil when the operator named no server: theirs is then refused as
    /// CONFIGURATION, message by message, and the others' goes out.
    private static func standard(_ context: ServiceContext) throws -> EmailProvider? {
        guard let url = context.configuration[Settings.smtpURL] else {
            context.environment.log.info(
                "email.no_standard_server", ["setting": .string(Settings.smtpURL.name)])
            return nil
        }
        return .smtp(
            SMTPPool(
                server: try SMTPServer(url: url), loop: context.loop, environment: context.environment,
                metrics: context.metrics))
    }
}
