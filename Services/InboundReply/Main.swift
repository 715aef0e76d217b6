import Hosting

/// Receives providers' webhooks, and what people answer.
@main
enum InboundReply {
    static func main() async {
        await ServiceProcess.run("inbound-reply", routes: { _ in [] }, workers: { _ in [] })
    }
}
