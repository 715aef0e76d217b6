import Delivery
import HTTPClient
import Hosting
import Providers

/// Takes jobs of the custom queue to customers' webhooks and Lambda functions.
@main
enum DeliveryCustom {
    /// To one region of Lambda at a time.
    private static let connectionsPerHost = 32

    static func main() async {
        await DeliveryProcess.run("delivery-custom") { context, tools in
            let client = HTTPClient(
                environment: context.environment, metrics: context.metrics, connectionsPerHost: connectionsPerHost)
            let lambda = LambdaFunctions(client: client, access: tools.aws, environment: context.environment)
            return CustomChannel(tools: tools, lambda: lambda, masterKey: context.masterKey)
        }
    }
}
