import Hosting

@main enum Main {
    static func main() async {
        let signal = SchedulerSignal()
        await ServiceProcess.run(
            "campaign-scheduler",
            routes: { _ in ControlRoutes.all + campaignRoutes(signal) },
            workers: { context in
                try Scheduler.workers(context, signal: signal) + [PurgeApps.worker(context), RunCloser.worker(context)]
            }
        )
    }
}
