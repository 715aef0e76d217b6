import Core
import Postgres
import TestKit
import Testing

@Suite(.emptyDatabase) struct TransactionTests {
    let database: Database

    init() throws {
        database = try TestDatabase.current.database
    }

    private func makeTable() async throws {
        try await database.execute("CREATE TABLE t (id bigint PRIMARY KEY, name text)")
    }

    private func count() async throws -> Int {
        try await database.query("SELECT count(*) FROM t")[0].get(0)
    }

    @Test func `a body that returns commits, one that throws rolls back`() async throws {
        try await makeTable()
        try await database.transaction { try await $0.execute("INSERT INTO t VALUES (1)") }
        await #expect(throws: CancellationError.self) {
            try await database.transaction { session in
                try await session.execute("INSERT INTO t VALUES (2)")
                throw CancellationError()
            }
        }
        #expect(try await count() == 1)
    }

    @Test func `a swallowed error does not look like a commit`() async throws {
        try await makeTable()
        let fault = await #expect(throws: SQLFault.self) {
            try await database.transaction { session in
                try await session.execute("INSERT INTO t VALUES (1)")
                _ = try? await session.execute("INSERT INTO t VALUES (1)")
            }
        }
        #expect(fault?.sqlState == "25P02")
        #expect(try await count() == 0)
        #expect(try await database.query("SELECT 1")[0].get(0) == 1)
    }

    @Test func `statements and their commit travel together, and an error skips the commit`() async throws {
        try await makeTable()
        try await database.transaction { session in
            try await session.commit(with: ["INSERT INTO t VALUES (1)", "INSERT INTO t VALUES (2)"])
        }
        #expect(try await count() == 2)
        let fault = await #expect(throws: SQLFault.self) {
            try await database.transaction { session in
                try await session.commit(with: ["INSERT INTO t VALUES (3)", "INSERT INTO t VALUES (1)"])
            }
        }
        #expect(fault?.isUniqueViolation == true)
        #expect(fault?.statementIndex == 1)
        #expect(fault?.constraint == "t_pkey")
        #expect(try await count() == 2)
        await #expect(throws: Fault.self) {
            try await database.transaction { session in
                try await session.commit(with: ["INSERT INTO t VALUES (4)"])
                try await session.execute("INSERT INTO t VALUES (5)")
            }
        }
        #expect(try await count() == 3)
    }

    @Test func `the transaction guard is up inside the body only`() async throws {
        #expect(!Transaction.isActive)
        let inside = try await database.transaction { _ in Transaction.isActive }
        #expect(inside)
        #expect(!Transaction.isActive)
    }

    @Test func `a second connection inside a transaction is refused`() async throws {
        await #expect(throws: Fault.self) {
            try await database.transaction { _ in try await database.query("SELECT 1") }
        }
    }

    @Test func `the isolation asked for is the one that runs`() async throws {
        let level: String = try await database.transaction(isolation: .repeatableRead) { session in
            try await session.query("SELECT current_setting('transaction_isolation')")[0].get(0)
        }
        #expect(level == "repeatable read")
    }

    @Test func `a serialization failure is retried until it goes through`() async throws {
        try await makeTable()
        try await database.execute("INSERT INTO t VALUES (1, '0')")
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<2 {
                group.addTask {
                    try await database.retryingTransaction(isolation: .serializable) { session in
                        let value: String = try await session.query("SELECT name FROM t WHERE id = 1")[0].get(0)
                        try await session.execute("UPDATE t SET name = \(String((Int(value) ?? 0) + 1)) WHERE id = 1")
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(try await database.query("SELECT name FROM t")[0].get(0) == "2")
    }

    @Test func `a lock held by another ends the wait with a retryable error`() async throws {
        try await makeTable()
        try await database.execute("INSERT INTO t VALUES (1)")
        try await database.withSession { holder in
            try await holder.execute("BEGIN")
            try await holder.execute("UPDATE t SET name = 'held'")
            let fault = await #expect(throws: SQLFault.self) {
                try await database.withSession { waiter in
                    try await waiter.execute("SET lock_timeout = '50ms'")
                    try await waiter.execute("UPDATE t SET name = 'mine'")
                }
            }
            #expect(fault?.sqlState == "55P03")
            #expect(fault?.isRetryable == true)
            try await holder.execute("ROLLBACK")
        }
    }

    @Test func `a session left in a transaction is rolled back before it is used again`() async throws {
        try await makeTable()
        try await database.withSession { session in
            try await session.execute("BEGIN")
            try await session.execute("INSERT INTO t VALUES (1)")
        }
        #expect(try await count() == 0)
    }

    @Test func `sessions have bounded waits and UTC`() async throws {
        let row = try await database.query(
            """
            SELECT current_setting('lock_timeout'), current_setting('statement_timeout'),
                   current_setting('idle_in_transaction_session_timeout'), current_setting('TimeZone'),
                   current_setting('application_name'), current_setting('client_encoding')
            """
        )[0]
        let settings = try (0..<row.columnCount).map { try row.get($0) as String }
        #expect(settings == ["2s", "30s", "15s", "UTC", "needletail", "UTF8"])
    }
}
