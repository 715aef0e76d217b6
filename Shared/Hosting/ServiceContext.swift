package import Access
package import Core
package import Crypto
package import EventLoop
package import Model
package import Postgres
package import Runtime

/// What every route and worker of a process is given. Built once at start.
package struct ServiceContext: Sendable {
    /// The executable's name, such as `ingest-api`.
    package let name: String
    package let configuration: Configuration
    package let environment: Environment
    package let loop: EventLoop
    package let database: Database
    package let metrics: Metrics
    package let masterKey: MasterKey
    package let account: String
    /// Where no caller's region is at hand.
    package let region: String
    package let apps: AppCache
    package let authenticator: Authenticator

    /// Throws `configuration` for a master key or token file that cannot be used. Touches no network.
    package init(
        name: String, configuration: Configuration, environment: Environment, loop: EventLoop, metrics: Metrics
    ) throws {
        self.name = name
        self.configuration = configuration
        self.environment = environment
        self.loop = loop
        self.metrics = metrics
        database = Database(
            url: try configuration.databaseURL, loop: loop, environment: environment, metrics: metrics,
            poolSize: configuration.poolSize, applicationName: name)
        masterKey = try MasterKey(file: configuration.masterKeyFile)
        account = configuration.accountID
        region = configuration.region
        apps = AppCache(database: database)
        authenticator = Authenticator(
            keys: AccessKeyCache(database: database, masterKey: masterKey), environment: environment, account: account,
            region: region, serviceToken: try configuration.serviceToken())
    }
}
