import Delivery
import Hosting

/// Takes jobs of the push queue to the platforms' push services. No public routes.
@main
enum DeliveryPush {
    static func main() async {
        await DeliveryProcess.run("delivery-push") { context, tools in
            PushChannel(tools, masterKey: context.masterKey)
        }
    }
}
