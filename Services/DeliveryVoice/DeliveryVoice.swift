import Delivery
import Hosting

/// Takes jobs of the voice queue to the providers of calls. No public routes.
@main
enum DeliveryVoice {
    static func main() async {
        await DeliveryProcess.run("delivery-voice") { context, tools in
            VoiceChannel(tools, masterKey: context.masterKey)
        }
    }
}
