import Hosting

@main enum Main {
    static func main() async {
        let process = IngestProcess()
        await ServiceProcess.run("ingest-api", routes: process.routes, workers: process.workers)
    }
}
