import Core
import Crypto
import EventLoop
import Glibc
import Postgres
import Runtime

/// The Postgres cluster of the tests: makes a template database once per schema and copies it for each test.
///
/// The template's name is a digest of the migrations, so test processes that run at the same time share it, and a changed
/// migration makes a new one. Copying the files takes about 0.1 s, migrating from zero 0.3 s.
final class TestCluster: Sendable {
    private let address: String
    private let admin: Database
    private let template: String
    private let counter = Lock(0)
    private let random: KernelSeed

    private static let lockKey: Int64 = 0x6E65_6564_7465_7374
    /// Databases of test processes that died are dropped after this long.
    private static let leftoverSeconds: Int64 = 3600

    private static let instance = Lock<Task<TestCluster, any Error>?>(nil)

    /// One per process; the first caller sets it up.
    static func shared() async throws -> TestCluster {
        let task = instance.withLock { instance in
            if let instance { return instance }
            let task = Task {
                let cluster = try TestCluster()
                try await cluster.prepare()
                return cluster
            }
            instance = task
            return task
        }
        return try await task.value
    }

    private init() throws {
        guard let address = getenv("NEEDLETAIL_TEST_DATABASE_URL").map({ String(cString: $0) }), !address.isEmpty else {
            throw TestKitError(
                "NEEDLETAIL_TEST_DATABASE_URL is not set: database tests need a Postgres cluster (make test starts one)"
            )
        }
        self.address = address
        let loop = try EventLoop(name: "test-admin")
        loop.start()
        random = KernelSeed()
        admin = Database(
            url: address, loop: loop, environment: TestEnvironment.make(seed: random.word), metrics: Metrics(),
            poolSize: 2)
        let digest = SHA256.hash(Array(Migration.all.map { "\($0.name) \($0.checksum)\n" }.joined().utf8))
        template = "needletail_template_\(Hex.lowercase(digest.prefix(8)))"
    }

    /// The URL of another database of the cluster.
    func url(of name: String) -> String {
        let rest = address[address.afterScheme...]
        let path = rest.firstIndex(of: "/") ?? rest.endIndex
        let query = rest.firstIndex(of: "?") ?? rest.endIndex
        return address[..<min(path, query)] + "/" + name + address[query...]
    }

    /// `needletail_test_<epoch second>_<process>_<number>`
    func create(isMigrated: Bool) async throws -> String {
        let number = counter.withLock { counter in
            counter += 1
            return counter
        }
        let name = "needletail_test_\(random.startSeconds)_\(random.word % 1_000_000_007)_\(number)"
        let source = isMigrated ? template : "template0"
        _ = try await admin.execute(SQL(unsafe: "CREATE DATABASE \(name) TEMPLATE \(source) STRATEGY file_copy"))
        return name
    }

    func drop(_ name: String) async throws {
        _ = try await admin.execute(SQL(unsafe: "DROP DATABASE IF EXISTS \(name) WITH (FORCE)"))
    }

    private func prepare() async throws {
        try await admin.withSession { session in
            // A session lock that waits for another process's migration.
            try await session.execute("SET lock_timeout = 0")
            try await session.execute("SELECT pg_advisory_lock(\(TestCluster.lockKey))")
            try await dropLeftovers(session)
            if try await session.query("SELECT 1 FROM pg_database WHERE datname = \(template)").isEmpty {
                try await makeTemplate(session)
            }
            try await session.execute("SELECT pg_advisory_unlock(\(TestCluster.lockKey))")
            try await session.execute("SET lock_timeout = '2s'")
        }
    }

    private func makeTemplate(_ session: Session) async throws {
        let building = "\(template)_building"
        try await session.execute(SQL(unsafe: "DROP DATABASE IF EXISTS \(building) WITH (FORCE)"))
        try await session.execute(SQL(unsafe: "CREATE DATABASE \(building) TEMPLATE template0 STRATEGY file_copy"))
        let database = Database(
            url: url(of: building), loop: admin.loop, environment: admin.environment, metrics: Metrics(), poolSize: 1)
        do {
            try await Migrator.migrate(database)
        } catch {
            await database.close()
            throw error
        }
        await database.close()
        // Without connections, so that no autovacuum or curious person stops a copy.
        try await session.execute(SQL(unsafe: "ALTER DATABASE \(building) WITH ALLOW_CONNECTIONS false"))
        try await session.execute(SQL(unsafe: "ALTER DATABASE \(building) RENAME TO \(template)"))
    }

    private func dropLeftovers(_ session: Session) async throws {
        let limit = random.startSeconds - TestCluster.leftoverSeconds
        let names = try await session.query(
            "SELECT datname FROM pg_database WHERE datname LIKE 'needletail\\_test\\_%'"
        )
        for row in names {
            let name: String = try row.get(0)
            let parts = name.split(separator: "_")
            guard parts.count == 5, let second = Int64(parts[2]), second < limit else { continue }
            try await session.execute(SQL(unsafe: "DROP DATABASE IF EXISTS \(name) WITH (FORCE)"))
        }
    }
}

/// What makes this test process's database names unique.
private struct KernelSeed: Sendable {
    let word: UInt64
    let startSeconds: Int64

    init() {
        word = UInt64.random(in: .min ... .max)
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        startSeconds = Int64(time.tv_sec)
    }
}

extension String {
    /// Behind `://`.
    fileprivate var afterScheme: String.Index {
        var start = startIndex
        while start < endIndex, !self[start...].hasPrefix("://") { start = index(after: start) }
        return index(start, offsetBy: 3, limitedBy: endIndex) ?? endIndex
    }
}
