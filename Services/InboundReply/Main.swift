import Hosting

/// Receives providers' webhooks, and what people answer.
@main enum Main {
    static func main() async {
        let process = InboundProcess()
        await ServiceProcess.run("inbound-reply", routes: process.routes, workers: process.workers)
    }
}
