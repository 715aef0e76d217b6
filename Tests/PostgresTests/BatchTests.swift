import Core
import Postgres
import TestKit
import Testing

@Suite(.emptyDatabase) struct BatchTests {
    let database: Database

    init() throws {
        database = try TestDatabase.current.database
    }

    @Test func `a batch answers each statement in order`() async throws {
        let rows = try await database.withSession { session async throws in
            try await session.batch((0..<50).map { "SELECT \($0), \(String($0))" })
        }
        #expect(rows.count == 50)
        for (index, row) in rows.enumerated() {
            #expect(try row[0].get(0) == index)
            #expect(try row[0].get(1) == String(index))
        }
    }

    @Test func `the first error names its statement, and nothing of the batch stays`() async throws {
        try await database.execute("CREATE TABLE t (id int PRIMARY KEY)")
        try await database.withSession { session async throws in
            let fault = await #expect(throws: SQLFault.self) {
                try await session.batch([
                    "INSERT INTO t VALUES (1)", "INSERT INTO t VALUES (2)", "INSERT INTO t VALUES (1)",
                    "INSERT INTO t VALUES (3)",
                ])
            }
            #expect(fault?.statementIndex == 2)
            #expect(fault?.isUniqueViolation == true)
            #expect(try await session.query("SELECT count(*) FROM t")[0].get(0) == 0)
        }
    }

    @Test func `a statement that cannot be prepared names its place too`() async throws {
        try await database.withSession { session async throws in
            let fault = await #expect(throws: SQLFault.self) {
                try await session.batch(["SELECT 1", "SELEKT 2", "SELECT 3"])
            }
            #expect(fault?.statementIndex == 1)
            #expect(fault?.sqlState == "42601")
            // What came before was prepared, what came after was not; both work again.
            #expect(try await session.batch(["SELECT 1", "SELECT 3"]).count == 2)
        }
    }

    @Test func `errors show no values, only the log has the server's words`() async throws {
        try await database.execute("CREATE TABLE people (email text PRIMARY KEY)")
        try await database.execute("INSERT INTO people VALUES (\("ann@example.com"))")
        let fault = await #expect(throws: SQLFault.self) {
            try await database.execute("INSERT INTO people VALUES (\("ann@example.com"))")
        }
        #expect(fault?.description == "The record exists already")
        #expect(fault?.debugDescription.contains("people_pkey") == true)
        #expect(fault?.debugDescription.contains("ann@") == false)
        let parse = await #expect(throws: SQLFault.self) {
            try await database.execute("SELECT \("ann@example.com")::text::uuid")
        }
        #expect(parse?.sqlState == "22P02")
        #expect(parse?.debugDescription.contains("ann@") == false)
    }

    @Test func `a large batch does not wedge the two sides`() async throws {
        // 3 MB in each direction before anyone reads: both socket buffers fill.
        let text = String(repeating: "x", count: 30_000)
        let rows = try await database.withSession { session async throws in
            try await session.batch((0..<100).map { _ in "SELECT \(text)" })
        }
        #expect(try rows.allSatisfy { try $0[0].get(0) == text })
    }

    @Test func `COPY as a plain statement is refused and does not poison the pool`() async throws {
        await #expect(throws: (any Error).self) { try await database.execute("COPY pg_class TO STDOUT") }
        #expect(try await database.query("SELECT 1")[0].get(0) == 1)
    }
}
