import Core
import EventLoop
import Postgres
import Runtime
import TestKit
import Testing

@Suite(.emptyDatabase) struct ConnectionTests {
    let test: TestDatabase

    init() throws {
        test = try TestDatabase.current
    }

    private func processID(_ session: Session) async throws -> Int {
        try await session.query("SELECT pg_backend_pid()")[0].get(0)
    }

    @Test func `a killed backend fails the running query, and the next one works`() async throws {
        let victim = test.makeDatabase(poolSize: 1)
        let fault = await #expect(throws: SQLFault.self) {
            try await victim.withSession { session async throws in
                let process = try await processID(session)
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask {
                        try await eventually {
                            try await test.database.execute(
                                "SELECT 1 FROM pg_stat_activity WHERE pid = \(Int32(process)) AND wait_event = 'PgSleep'"
                            ) == 1
                        }
                        try await test.database.execute("SELECT pg_terminate_backend(\(Int32(process)))")
                    }
                    try await session.execute("SELECT pg_sleep(20)")
                    try await group.waitForAll()
                }
            }
        }
        #expect(fault?.isConnectionLost == true)
        #expect(fault?.isRetryable == true)
        #expect(try await victim.query("SELECT 1")[0].get(0) == 1)
        await victim.close()
    }

    @Test func `a backend killed while idle is replaced without anyone noticing`() async throws {
        let victim = test.makeDatabase(poolSize: 1)
        let process: Int = try await victim.query("SELECT pg_backend_pid()")[0].get(0)
        try await test.database.execute("SELECT pg_terminate_backend(\(Int32(process)))")
        try await eventually { test.metrics.counter(.databaseReconnects).value == 1 }
        #expect(try await victim.query("SELECT pg_backend_pid()")[0].get(0) != process)
        await victim.close()
    }

    @Test func `a connection lost at COMMIT says that the outcome is unknown`() async throws {
        let victim = test.makeDatabase(poolSize: 1)
        try await test.database.execute("CREATE TABLE slow (id int UNIQUE DEFERRABLE INITIALLY DEFERRED)")
        try await test.database.withSession { session async throws in
            try await session.execute(
                """
                CREATE FUNCTION linger() RETURNS trigger LANGUAGE plpgsql AS
                'BEGIN PERFORM pg_sleep(20); RETURN NULL; END'
                """
            )
            try await session.execute(
                """
                CREATE CONSTRAINT TRIGGER at_commit AFTER INSERT ON slow DEFERRABLE INITIALLY DEFERRED
                FOR EACH ROW EXECUTE FUNCTION linger()
                """
            )
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                let fault = await #expect(throws: SQLFault.self) {
                    try await victim.transaction { try await $0.execute("INSERT INTO slow VALUES (1)") }
                }
                #expect(fault?.isOutcomeUnknown == true)
                #expect(fault?.isRetryable == false)
            }
            try await eventually {
                try await test.database.execute(
                    """
                    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                    WHERE datname = current_database() AND wait_event = 'PgSleep'
                    """
                ) == 1
            }
            try await group.waitForAll()
        }
        await victim.close()
    }

    @Test func `an unreachable server is an error of the pool, not a hang`() async throws {
        let port = try FreePort.next()
        let database = Database(
            url: "postgresql://x@127.0.0.1:\(port)/x", loop: test.loop, environment: test.environment,
            metrics: test.metrics)
        let start = MonotonicClock.now()
        let fault = await #expect(throws: Fault.self) { try await database.query("SELECT 1") }
        #expect(fault?.code == .unavailable)
        #expect(fault?.isRetryable == true)
        #expect(fault?.cause is SQLFault)
        #expect(MonotonicClock.now() - start < 20_000_000)
        await database.close()
    }

    @Test func `a server that comes up later is found`() async throws {
        let record = LogRecorder()
        let environment = TestEnvironment.make(log: record.logger)
        let name = "late_\(environment.newID(of: Noun.App.self))"
        let database = Database(
            url: "\(test.url)_\(name)", loop: test.loop, environment: environment, metrics: test.metrics, poolSize: 1)
        async let answer = database.query("SELECT 1")
        try await eventually { record.events.contains("postgres.connect_failed") }
        let later = test.url.split(separator: "/").last.map(String.init) ?? ""
        try await test.database.execute(SQL(unsafe: "CREATE DATABASE \"\(later)_\(name)\" TEMPLATE template0"))
        #expect(try await answer[0].get(0) == 1)
        await database.close()
        try await test.database.execute(SQL(unsafe: "DROP DATABASE \"\(later)_\(name)\" WITH (FORCE)"))
    }

    @Test func `the pool opens no more than its size and serves in order`() async throws {
        let pool = test.makeDatabase(poolSize: 2)
        let order = Lock<[Int]>([])
        try await pool.withSession { _ in
            try await pool.withSession { _ in
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for index in 0..<5 {
                        group.addTask(executorPreference: test.loop) {
                            try await pool.withSession { session async throws in
                                order.withLock { $0.append(index) }
                                try await session.execute("SELECT 1")
                            }
                        }
                        try await eventually { test.metrics.gauge(.databaseWaiting).value == index + 1 }
                    }
                    #expect(order.withLock { $0 }.isEmpty)
                    group.cancelAll()
                    while (try? await group.next()) != nil {}
                }
            }
        }
        #expect(order.withLock { $0 }.isEmpty)
        try await withThrowingTaskGroup(of: Void.self) { group in
            try await pool.withSession { _ in
                try await pool.withSession { _ in
                    for index in 0..<5 {
                        group.addTask(executorPreference: test.loop) {
                            try await pool.withSession { _ in order.withLock { $0.append(index) } }
                        }
                        try await eventually { test.metrics.gauge(.databaseWaiting).value == index + 1 }
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(order.withLock { $0 } == [0, 1, 2, 3, 4])
        let open: Int = try await test.database.query(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )[0].get(0)
        #expect(open == 2)
        await pool.close()
    }

    @Test func `a cancelled wait ends at once and costs no connection`() async throws {
        let pool = test.makeDatabase(poolSize: 1)
        try await pool.withSession { session async throws in
            let waiting = Task { try await pool.query("SELECT 1") }
            try await eventually { test.metrics.gauge(.databaseWaiting).value == 1 }
            waiting.cancel()
            await #expect(throws: CancellationError.self) { try await waiting.value }
            #expect(test.metrics.gauge(.databaseWaiting).value == 0)
            try await session.execute("SELECT 1")
        }
        #expect(try await pool.query("SELECT 2")[0].get(0) == 2)
        await pool.close()
    }

    @Test func `a query that runs while its task is cancelled ends cleanly`() async throws {
        let pool = test.makeDatabase(poolSize: 1)
        let running = Task { try await pool.query("SELECT 7 FROM pg_sleep(0.2)")[0].get(0) as Int }
        try await eventually {
            try await test.database.execute("SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep'") >= 1
        }
        running.cancel()
        #expect(try await running.value == 7)
        #expect(try await pool.query("SELECT 8")[0].get(0) == 8)
        await pool.close()
    }

    @Test func `a closed pool refuses work and has no connections`() async throws {
        let pool = test.makeDatabase()
        try await pool.execute("SELECT 1")
        await pool.close()
        let fault = await #expect(throws: Fault.self) { try await pool.query("SELECT 1") }
        #expect(fault?.code == .unavailable)
        try await eventually {
            try await test.database.query(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()")[0].get(0) == 1
        }
    }

    @Test func `a URL's own settings win, and a socket form works as libpq reads it`() async throws {
        let database = Database(
            url: "\(test.url)?application_name=mine", loop: test.loop, environment: test.environment,
            metrics: test.metrics)
        #expect(try await database.query("SELECT current_setting('application_name')")[0].get(0) == "mine")
        await database.close()
    }

    @Test func `more statements than the cache holds still work, and the server forgets the old ones`() async throws {
        let pool = test.makeDatabase(poolSize: 1)
        for index in 0..<300 {
            #expect(try await pool.query(SQL(unsafe: "SELECT \(index)::bigint"))[0].get(0) == index)
        }
        let prepared: Int = try await pool.query("SELECT count(*) FROM pg_prepared_statements")[0].get(0)
        #expect(prepared <= 257)
        #expect(try await pool.query("SELECT 0::bigint")[0].get(0) == 0)
        await pool.close()
    }

    @Test func `a plan whose table changed is prepared again`() async throws {
        let pool = test.makeDatabase(poolSize: 1)
        try await pool.execute("CREATE TABLE t (a int)")
        #expect(try await pool.query("SELECT * FROM t").isEmpty)
        try await pool.execute("ALTER TABLE t ADD b int")
        let fault = await #expect(throws: SQLFault.self) { try await pool.query("SELECT * FROM t") }
        #expect(fault?.sqlState == "0A000")
        #expect(try await pool.query("SELECT * FROM t").isEmpty)
        await pool.close()
    }
}
