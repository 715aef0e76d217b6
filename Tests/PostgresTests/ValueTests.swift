import Core
import Postgres
import TestKit
import Testing

@Suite(.database) struct ValueTests {
    @Test func `every parameter type comes back as it went in`() async throws {
        let database = try TestDatabase.current.database
        let id = HexID<Noun.App>(high: 0x8000_0000_0000_0001, low: .max)
        let at = Instant(microseconds: 899_251_200_123_456)
        let row = try await database.query(
            """
            SELECT \(true), \(Int16.min), \(Int32.max), \(Int64.min), \(1.5e300), \("häß\u{1F600}"),
                   \(SQLBind.bytes([0, 1, 255])), \(id), \(at), \(Day(year: 1969, month: 2, day: 3)),
                   \(SQLBind.jsonb(Array("{\"a\": [1, null]}".utf8))), \(ID<Noun.Endpoint>("e1")), \(nil as Int?)
            """
        )[0]
        #expect(try row.get(0) == true)
        #expect(try row.get(1) == Int16.min)
        #expect(try row.get(2) == Int32.max)
        #expect(try row.get(3) == Int64.min)
        #expect(try row.get(4) == 1.5e300)
        #expect(try row.get(5) == "häß\u{1F600}")
        #expect(try row.get(6) == [0, 1, 255] as [UInt8])
        #expect(try row.get(7) == id)
        #expect(try row.get(8) == at)
        #expect(try row.get(9) == Day(year: 1969, month: 2, day: 3))
        #expect(try row.get(10) == JSON.object(["a": .array([.integer(1), .null])]))
        #expect(try row.get(11) == ID<Noun.Endpoint>("e1"))
        #expect(try row.get(12) == nil as Int?)
    }

    @Test func `arrays come back as they went in, also empty and with NULL`() async throws {
        let database = try TestDatabase.current.database
        let id = HexID<Noun.Run>(high: 1, low: 2)
        let at = Instant(seconds: -1)
        let row = try await database.query(
            """
            SELECT \(SQLBind.int64Array([.min, 0, .max])), \(SQLBind.int64Array([])), \(SQLBind.textArray(["a", nil, ""])),
                   \(SQLBind.uuidArray([id.value])), \(SQLBind.instantArray([at, nil])), \(SQLBind.doubleArray([nil, -0.5])),
                   \(SQLBind.boolArray([true, false])), \(SQLBind.bytesArray([[7], nil, []])), \(SQLBind.int16Array([-1])),
                   \(SQLBind.int32Array([5])), \(SQLBind.dayArray([at.day])), \(SQLBind.jsonbArray([Array("1".utf8), nil]))
            """
        )[0]
        #expect(try row.get(0) == [.min, 0, .max] as [Int64])
        #expect(try row.get(1) == [] as [Int])
        #expect(try row.get(2) == ["a", nil, ""] as [String?])
        #expect(try row.get(3) == [id])
        #expect(try row.get(4) == [at, nil] as [Instant?])
        #expect(try row.get(5) == [nil, -0.5] as [Double?])
        #expect(try row.get(6) == [true, false])
        #expect(try row.get(7) == [[7], nil, []] as [[UInt8]?])
        #expect(try row.get(8) == [-1] as [Int16])
        #expect(try row.get(9) == [5] as [Int32])
        #expect(try row.get(10) == [at.day])
        #expect(try row.get(11) == [.integer(1), nil] as [JSON?])
    }

    @Test(arguments: [
        ("0", 0), ("1", 1), ("-1", -1), ("10000", 10_000), ("99999999", 99_999_999),
        ("100000000000000000", 100_000_000_000_000_000),
        ("9223372036854775807", Int64.max), ("-9223372036854775808", Int64.min),
    ])
    func `a numeric without a fraction is a whole number`(text: String, value: Int64) async throws {
        let row = try await TestDatabase.current.database.query("SELECT \(text)::text::numeric")[0]
        #expect(try row.get(0) == value)
        #expect(try row.get(0) == Double(value))
    }

    @Test(arguments: ["0.5", "1e-20", "-123456.789", "12345678901234567890.25", "1e40"])
    func `a numeric with a fraction is a double and no whole number`(text: String) async throws {
        let row = try await TestDatabase.current.database.query("SELECT \(text)::text::numeric")[0]
        #expect(try row.get(0) == Double(text))
        #expect(throws: SQLFault.self) { try row.get(0) as Int64 }
    }

    @Test func `sums and counts are integers`() async throws {
        let row = try await TestDatabase.current.database.query(
            "SELECT sum(x), count(*), avg(x)::float8, pg_current_xact_id() FROM generate_series(1::bigint, 100000) x"
        )[0]
        #expect(try row.get(0) == 5_000_050_000)
        #expect(try row.get(1) == 100_000)
        #expect(try row.get(2) == 50_000.5)
        #expect(try row.get(3) > 0)
    }

    @Test func `a value that does not fit the type asked for is an error, not a wrong value`() async throws {
        let row = try await TestDatabase.current.database.query(
            "SELECT 70000::int8, 'x'::text, NULL::int4, 'infinity'::timestamptz")[0]
        #expect(throws: SQLFault.self) { try row.get(0) as Int16 }
        #expect(throws: SQLFault.self) { try row.get(1) as Int }
        #expect(throws: SQLFault.self) { try row.get(2) as Int }
        #expect(throws: SQLFault.self) { try row.get(3) as Instant }
        #expect(throws: SQLFault.self) { try row.get(4) as Int }
        #expect(throws: SQLFault.self) { try row.get(-1) as Int }
    }

    @Test func `text with a NUL is refused before it is sent, whole`() async throws {
        let database = try TestDatabase.current.database
        let fault = await #expect(throws: Fault.self) { try await database.query("SELECT \("a\0b")") }
        #expect(fault?.code == .invalid)
        await #expect(throws: Fault.self) { try await database.query("SELECT \(SQLBind.textArray(["a\0"]))") }
        #expect(try await database.query("SELECT \("ab")")[0].get(0) == "ab")
    }
}
