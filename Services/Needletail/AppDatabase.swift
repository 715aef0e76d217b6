import Core
import EventLoop
import Model
import Postgres
import Runtime

/// The database of a command about one app, with the app looked up.
enum AppDatabase {
    /// Runs `body` with a database of two connections; throws when the app does not exist.
    static func run<Value>(
        _ app: AppID, command: String, _ configuration: Configuration, _ loop: EventLoop,
        _ body: (Database, Environment) async throws -> Value
    ) async throws -> Value {
        let environment = SystemEnvironment.make(configuration: configuration, process: command)
        let database = Database(
            url: try configuration.databaseURL, loop: loop, environment: environment, metrics: Metrics(), poolSize: 2,
            applicationName: "needletail \(command)")
        do {
            guard try await AppStore.load(app, account: configuration.accountID, in: database) != nil else {
                throw Fault(.notFound, "there is no app \(app)")
            }
            let value = try await body(database, environment)
            await database.close()
            return value
        } catch {
            await database.close()
            throw error
        }
    }
}
