import EventLoop
import Hosting

/// Receives providers' webhooks, and what people answer.
@main enum Main {
    static func main() async {
        // Made with the routes, found again by the workers.
        let desk = Lock<ReplyDesk?>(nil)
        await ServiceProcess.run(
            "inbound-reply",
            routes: { context in
                let made = try ReplyDesk(context)
                desk.withLock { $0 = made }
                return made.routes
            },
            workers: { _ in desk.withLock { $0 }?.workers ?? [] })
    }
}
