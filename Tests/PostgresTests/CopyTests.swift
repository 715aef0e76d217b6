import Core
import Postgres
import TestKit
import Testing

@Suite(.emptyDatabase) struct CopyTests {
    let database: Database

    init() throws {
        database = try TestDatabase.current.database
    }

    @Test func `every type and NULL arrive by COPY as they were written`() async throws {
        try await database.execute(
            """
            CREATE TABLE t (b bool, s smallint, i int, l bigint, d float8, t text, y bytea, u uuid, a timestamptz, c date,
                            j jsonb, ls bigint[], ts text[], n text)
            """
        )
        let id = HexID<Noun.Event>(high: .max, low: 1)
        let at = Instant(microseconds: -12_345)
        var rows = CopyWriter(columns: 14)
        rows.beginRow()
        rows.write(true)
        rows.write(Int16(-2))
        rows.write(Int32.min)
        rows.write(Int64.max)
        rows.write(-0.25)
        rows.write("häß")
        rows.write(bytes: [0, 255])
        rows.write(id)
        rows.write(at)
        rows.write(Day(year: 2000, month: 2, day: 29))
        Array("{\"k\": 1.50}".utf8).withUnsafeBytes { rows.write(jsonb: $0) }
        rows.write([1, -1] as [Int64])
        rows.write(SQLBind.textArray(["a", nil]))
        rows.writeNull()
        rows.beginRow()
        for _ in 0..<14 { rows.writeNull() }
        #expect(rows.count == 2)
        let copied = try await database.withSession { try await $0.copyIn("COPY t FROM STDIN (FORMAT binary)", rows) }
        #expect(copied == 2)

        let stored = try await database.query("SELECT * FROM t ORDER BY b NULLS LAST")
        #expect(try stored[0].get(0) == true)
        #expect(try stored[0].get(1) == Int16(-2))
        #expect(try stored[0].get(2) == Int32.min)
        #expect(try stored[0].get(3) == Int64.max)
        #expect(try stored[0].get(4) == -0.25)
        #expect(try stored[0].get(5) == "häß")
        #expect(try stored[0].get(6) == [0, 255] as [UInt8])
        #expect(try stored[0].get(7) == id)
        #expect(try stored[0].get(8) == at)
        #expect(try stored[0].get(9) == Day(year: 2000, month: 2, day: 29))
        #expect(try stored[0].get(10) == "{\"k\": 1.50}")
        #expect(try stored[0].get(11) == [1, -1])
        #expect(try stored[0].get(12) == ["a", nil] as [String?])
        #expect(try stored[0].get(13) == nil as String?)
        for column in 0..<13 { #expect(try stored[1].get(column) == nil as String?) }
    }

    @Test func `a megabyte more than any buffer arrives whole`() async throws {
        try await database.execute("CREATE TABLE t (id bigint, name text)")
        var rows = CopyWriter(columns: 2)
        for index in 0..<200_000 {
            rows.beginRow()
            rows.write(index)
            rows.write("recipient-\(index)")
        }
        let copied = try await database.withSession { try await $0.copyIn("COPY t FROM STDIN (FORMAT binary)", rows) }
        #expect(copied == 200_000)
        let row = try await database.query("SELECT sum(id), count(DISTINCT name), max(length(name)) FROM t")[0]
        #expect(try row.get(0) == 19_999_900_000)
        #expect(try row.get(1) == 200_000)
        #expect(try row.get(2) == 16)
    }

    @Test func `a unique violation undoes the COPY and leaves the connection usable`() async throws {
        try await database.execute("CREATE TABLE t (id bigint PRIMARY KEY)")
        var rows = CopyWriter(columns: 1)
        for id in [1, 2, 1] {
            rows.beginRow()
            rows.write(id)
        }
        try await database.withSession { session async throws in
            let process: Int = try await session.query("SELECT pg_backend_pid()")[0].get(0)
            let fault = await #expect(throws: SQLFault.self) {
                try await session.copyIn("COPY t FROM STDIN (FORMAT binary)", rows)
            }
            #expect(fault?.isUniqueViolation == true)
            #expect(fault?.constraint == "t_pkey")
            #expect(try await session.query("SELECT count(*), pg_backend_pid() FROM t")[0].get(0) == 0)
            #expect(try await session.query("SELECT pg_backend_pid()")[0].get(0) == process)
        }
    }

    @Test func `COPY can be the first and the last thing of a transaction`() async throws {
        try await database.execute("CREATE TABLE t (id bigint PRIMARY KEY)")
        var rows = CopyWriter(columns: 1)
        rows.beginRow()
        rows.write(1)
        try await database.transaction { session async throws in
            #expect(try await session.copyIn("COPY t FROM STDIN (FORMAT binary)", rows) == 1)
            try await session.commit(with: ["INSERT INTO t VALUES (2)"])
        }
        await #expect(throws: CancellationError.self) {
            var more = CopyWriter(columns: 1)
            more.beginRow()
            more.write(3)
            let third = more
            try await database.transaction { session async throws in
                try await session.copyIn("COPY t FROM STDIN (FORMAT binary)", third)
                throw CancellationError()
            }
        }
        #expect(try await database.query("SELECT array_agg(id ORDER BY id) FROM t")[0].get(0) == [1, 2] as [Int])
    }

    @Test func `a row too short, a NUL and a refused table are errors before or instead of rows`() async throws {
        try await database.execute("CREATE TABLE t (id bigint, name text)")
        var short = CopyWriter(columns: 2)
        short.beginRow()
        short.write(1)
        var nul = CopyWriter(columns: 2)
        nul.beginRow()
        nul.write(1)
        nul.write("a\0b")
        var good = CopyWriter(columns: 2)
        good.beginRow()
        good.write(1)
        good.write("a")
        let (first, second, third) = (short, nul, good)
        try await database.withSession { session async throws in
            let statement: SQL = "COPY t FROM STDIN (FORMAT binary)"
            let length = await #expect(throws: Fault.self) { try await session.copyIn(statement, first) }
            #expect(length?.publicMessage == "Row 1 of a COPY has 1 of 2 columns")
            let text = await #expect(throws: Fault.self) { try await session.copyIn(statement, second) }
            #expect(text?.code == .invalid)
            let table = await #expect(throws: SQLFault.self) {
                try await session.copyIn("COPY u FROM STDIN (FORMAT binary)", third)
            }
            #expect(table?.isUndefinedTable == true)
            #expect(try await session.copyIn(statement, third) == 1)
        }
    }

    @Test func `a copy of a writer is a value of its own`() async throws {
        try await database.execute("CREATE TABLE t (id bigint)")
        var first = CopyWriter(columns: 1)
        first.beginRow()
        first.write(1)
        var second = first
        second.beginRow()
        second.write(2)
        first.beginRow()
        first.write(3)
        let (left, right) = (first, second)
        try await database.withSession { session async throws in
            try await session.copyIn("COPY t FROM STDIN (FORMAT binary)", left)
            try await session.copyIn("COPY t FROM STDIN (FORMAT binary)", right)
        }
        #expect(try await database.query("SELECT array_agg(id ORDER BY id) FROM t")[0].get(0) == [1, 1, 2, 3] as [Int])
    }
}
