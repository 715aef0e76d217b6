import Access
import Core
import Crypto
import EventLoop
import Model
import Postgres
import Runtime

/// The credentials that `env` exports: made at the first start, kept in the home (mode 600), since the database has the API
/// key only as a hash.
struct SuiteKeys: Sendable {
    var pair: KeyPair
    var apiKey: APIKey

    private static let lines = 3

    /// What the home keeps, completed and known to the database. Brings the schema up to date first.
    static func ensure(_ home: SuiteHome, _ configuration: Configuration) throws -> SuiteKeys {
        let masterKey = try MasterKey(file: home.masterKeyFile)
        var environment = SystemEnvironment.make(configuration: configuration)
        // For a person at a terminal: what goes well is not told in JSON.
        environment.log = ProcessLog.logger(minimum: .warning)
        let kept = read(home.keysFile)
        let keys = try LoopRun.value { [environment] loop in
            let database = Database(
                url: home.databaseURL,
                loop: loop,
                environment: environment,
                metrics: Metrics(),
                poolSize: 1
            )
            try await Migrator.migrate(database)
            let keys = try await complete(kept, configuration, masterKey, environment, in: database)
            await database.close()
            return keys
        }
        try Files.write("\(keys.pair.id)\n\(keys.pair.secret)\n\(keys.apiKey.token)\n", to: home.keysFile)
        return keys
    }

    /// Nil when there is no such file, or it is damaged.
    static func read(_ path: String) -> SuiteKeys? {
        let parts = Files.read(path)?.split(separator: "\n").map(String.init) ?? []
        guard parts.count == lines, let apiKey = APIKey(parts[2]), apiKey.form == .api else { return nil }
        return SuiteKeys(pair: KeyPair(id: parts[0], secret: parts[1]), apiKey: apiKey)
    }

    private static func complete(
        _ kept: SuiteKeys?,
        _ configuration: Configuration,
        _ masterKey: MasterKey,
        _ environment: Environment,
        in database: Database
    ) async throws -> SuiteKeys {
        let account = configuration.accountID
        let given = configuration.bootstrapKeys
        try await AccessBootstrap.insertGiven(
            given,
            account: account,
            masterKey: masterKey,
            environment: environment,
            in: database
        )
        // The home has none: these are the first, or the file was lost and only new ones can be read.
        let keys = SuiteKeys(
            pair: given.first ?? kept?.pair ?? AccessBootstrap.newPair(environment),
            apiKey: kept?.apiKey ?? APIKey.generate(random: environment.random)
        )
        // Kept ones too, for the database may be younger than the home. One that was revoked has its row, and stays so.
        try await database.transaction { session in
            let now = environment.realNow()
            _ = try await AccessKeyStore.insert(
                keys.pair, account: account, masterKey: masterKey, now: now, in: session)
            try await AccessKeyStore.insert(keys.apiKey, account: account, now: now, in: session)
        }
        return keys
    }
}
