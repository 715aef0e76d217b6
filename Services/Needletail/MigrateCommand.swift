import Core
import EventLoop
import Postgres
import Runtime

/// `needletail migrate`: brings the schema of `NEEDLETAIL_DATABASE_URL` up to date. Every process does it at start too; this is
/// for those who want it done before.
enum MigrateCommand {
    static let command = Command(
        "migrate",
        "bring the database's schema up to date",
        onLoop: { _, configuration, loop in
            let database = Database(
                url: try configuration.databaseURL,
                loop: loop,
                environment: SystemEnvironment.make(configuration: configuration),
                metrics: Metrics(),
                poolSize: 1
            )
            try await Migrator.migrate(database)
            await database.close()
            Console.say("the schema is up to date")
            return 0
        }
    )
}
