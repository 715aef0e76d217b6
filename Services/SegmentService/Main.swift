import Hosting

@main enum Main {
    static func main() async {
        await ServiceProcess.run(
            "segment-service",
            routes: { _ in Routes.all },
            workers: { [AttributeIndexWorker(context: $0).worker] }
        )
    }
}
