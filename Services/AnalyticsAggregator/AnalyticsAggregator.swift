import Hosting

/// Roll-ups of what happened, and the answers made of them.
@main
enum AnalyticsAggregator {
    static func main() async {
        await ServiceProcess.run(
            "analytics-aggregator",
            routes: { _ in Routes.all },
            workers: { context in [RollupWorker(context: context).worker] }
        )
    }
}
