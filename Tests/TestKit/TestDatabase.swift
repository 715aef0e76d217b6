package import Core
package import EventLoop
package import Postgres
package import Runtime
package import Testing

/// A Postgres database for one test, dropped afterwards.
///
/// ```swift
/// @Suite(.database) struct EndpointStoreTests {
///     @Test func `a first write creates the endpoint`() async throws {
///         let test = try TestDatabase.current
///         try await test.database.transaction { … }
/// ```
/// Needs `NEEDLETAIL_TEST_DATABASE_URL` (a superuser's, to any database of a test cluster); without it the test fails.
/// The test's body runs on `loop`.
package struct TestDatabase: Sendable {
    package let url: String
    package let loop: EventLoop
    package let environment: Environment
    package let metrics: Metrics
    /// Four connections.
    package let database: Database

    @TaskLocal private static var task: TestDatabase?

    /// The database of the running test.
    package static var current: TestDatabase {
        get throws {
            guard let task else { throw TestKitError("the suite or test lacks the .database trait") }
            return task
        }
    }

    /// Another pool on the same database; close it before the test ends.
    package func makeDatabase(poolSize: Int = 4, environment: Environment? = nil) -> Database {
        Database(
            url: url, loop: loop, environment: environment ?? self.environment, metrics: metrics, poolSize: poolSize)
    }

    /// Several tests create databases at once; more than the cores can use only makes each slower.
    private static let gate = Gate(width: 4)

    static func scope(isMigrated: Bool, _ body: @concurrent @Sendable () async throws -> Void) async throws {
        try await gate.enter()
        defer { gate.leave() }
        let cluster = try await TestCluster.shared()
        let name = try await cluster.create(isMigrated: isMigrated)
        let loop = try EventLoop(name: "test")
        loop.start()
        defer { loop.stop() }
        let (environment, metrics) = (TestEnvironment.make(), Metrics())
        let url = cluster.url(of: name)
        let database = Database(url: url, loop: loop, environment: environment, metrics: metrics)
        let test = TestDatabase(url: url, loop: loop, environment: environment, metrics: metrics, database: database)
        do {
            try await TestDatabase.$task.withValue(test) {
                try await withTaskExecutorPreference(loop) { try await body() }
            }
        } catch {
            await database.close()
            try await cluster.drop(name)
            throw error
        }
        await database.close()
        try await cluster.drop(name)
    }
}

/// Gives each test (and each case of a parameterised one) a fresh database.
package struct DatabaseTrait: SuiteTrait, TestTrait, TestScoping {
    let isMigrated: Bool

    package var isRecursive: Bool { true }

    package func provideScope(
        for test: Test,
        testCase: Test.Case?,
        performing function: @concurrent @Sendable () async throws -> Void
    ) async throws {
        try await TestDatabase.scope(isMigrated: isMigrated, function)
    }
}

extension Trait where Self == DatabaseTrait {
    /// A fresh database with the product's schema.
    package static var database: DatabaseTrait { DatabaseTrait(isMigrated: true) }
    /// A fresh database with nothing in it.
    package static var emptyDatabase: DatabaseTrait { DatabaseTrait(isMigrated: false) }
}

/// Lets a number of tasks in at a time, first come, first served.
package final class Gate: Sendable {
    private struct State {
        var free: Int
        var waiters: [CheckedContinuation<Void, Never>] = []
    }

    private let state: Lock<State>

    package init(width: Int) {
        state = Lock(State(free: width))
    }

    package func enter() async throws {
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            let isFree = state.withLock { state in
                if state.free > 0 {
                    state.free -= 1
                    return true
                }
                state.waiters.append(continuation)
                return false
            }
            if isFree { continuation.resume() }
        }
    }

    package func leave() {
        let next = state.withLock { state -> CheckedContinuation<Void, Never>? in
            if state.waiters.isEmpty {
                state.free += 1
                return nil
            }
            return state.waiters.removeFirst()
        }
        next?.resume()
    }
}
