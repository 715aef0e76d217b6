import Hosting

@main enum Main {
    static func main() async {
        let process = SegmentProcess()
        await ServiceProcess.run("segment-service", routes: process.routes, workers: process.workers)
    }
}
