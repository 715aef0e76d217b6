import Core
import EventLoop
import Hosting
import Model
import Postgres

/// Deletes the rows of deleted apps, one app after the other.
enum PurgeApps {
    private static let pause: Duration = .seconds(30)

    static func worker(_ context: ServiceContext) -> BackgroundWorker {
        BackgroundWorker(name: "purge-apps") {
            while true {
                while let app = try await AppPurge.next(now: context.environment.now(), in: context.database) {
                    let rows = try await AppPurge.purge(app, in: context.database)
                    context.environment.log.info(
                        "apps.purged", ["app": .string(app.description), "rows": .integer(Int64(rows))])
                }
                try await context.loop.sleep(for: pause)
            }
        }
    }
}
