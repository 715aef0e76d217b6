import Core
import Delivery
import HTTPClient
import Hosting
import Model
import Providers
import Runtime

/// Takes jobs of the e-mail queue to an SMTP server. No public routes.
@main
enum DeliveryEmail {
    static func main() async {
        await DeliveryProcess.run("delivery-email") { context, _ in
            guard let smtpURL = context.configuration[Settings.smtpURL] else {
                throw Fault(.configuration, "NEEDLETAIL_SMTP_URL must name the SMTP server that takes e-mail")
            }
            let pool = SMTPPool(
                server: try SMTPServer(url: smtpURL), loop: context.loop, environment: context.environment,
                metrics: context.metrics)
            return EmailChannel(
                provider: .smtp(pool),
                tracking: TrackingTokens(masterKey: context.masterKey),
                publicURL: context.configuration.publicURL,
                environment: context.environment)
        }
    }
}
