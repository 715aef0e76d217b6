import Core
import Testing

@Suite struct SQLTests {
    @Test func `values become parameters and never text`() {
        let evil = "'; DROP TABLE apps; --"
        let sql: SQL = "SELECT \(evil), \(7), \(true) WHERE a = \(Int?.none)"
        #expect(sql.text == "SELECT $1, $2, $3 WHERE a = $4")
        #expect(sql.binds == [evil.sqlBind, 7.sqlBind, true.sqlBind, Int?.none.sqlBind])
    }

    @Test func `fragments are spliced with their parameters renumbered`() {
        let inner: SQL = "b = \(2) AND c = \(3)"
        let outer: SQL = "a = \(1) AND (\(inner)) AND d = \(4)"
        #expect(outer.text == "a = $1 AND (b = $2 AND c = $3) AND d = $4")
        #expect(outer.binds == [1.sqlBind, 2.sqlBind, 3.sqlBind, 4.sqlBind])
        let again: SQL = "\(outer) OR \(outer)"
        #expect(again.text == "a = $1 AND (b = $2 AND c = $3) AND d = $4 OR a = $5 AND (b = $6 AND c = $7) AND d = $8")
    }

    @Test func `more than nine parameters keep their numbers`() {
        let parts: [SQL] = (1...12).map { "x = \($0)" }
        let joined = parts.joined(separator: " OR ")
        #expect(joined.binds == (1...12).map(\.sqlBind))
        let shifted: SQL = "y = \(0) AND (\(joined))"
        #expect(shifted.text.hasSuffix("x = $12 OR x = $13)"))
    }

    @Test func `a dollar without a number is left alone`() {
        let fragment = SQL(unsafe: "a ~ '^x$' AND b = $1", binds: [1.sqlBind])
        let sql: SQL = "\(5) \(fragment)"
        #expect(sql.text == "$1 a ~ '^x$' AND b = $2")
    }

    @Test func `joining nothing is empty`() {
        #expect([SQL]().joined(separator: ", ").text.isEmpty)
        #expect(("a" + SQL.empty).text == "a")
    }
}
