internal import CPostgres

/// A result of libpq with the rows of one statement.
final class QueryResult: @unchecked Sendable {
    // SAFETY: libpq does not change a PGresult after it has handed it out; only reads happen here, and PQclear in deinit.
    let pointer: OpaquePointer
    let status: ExecStatusType

    init(_ pointer: OpaquePointer) {
        self.pointer = pointer
        status = PQresultStatus(pointer)
    }

    deinit { PQclear(pointer) }

    var rowCount: Int { Int(PQntuples(pointer)) }
    var rows: [Row] { (0..<PQntuples(pointer)).map { Row(result: self, index: $0) } }

    /// `INSERT 0 5`: 5. For SELECT the number of rows.
    var affectedRows: Int { Int(String(cString: PQcmdTuples(pointer))) ?? 0 }

    /// The command tag; a COMMIT of a failed transaction answers ROLLBACK.
    var commandTag: String { String(cString: PQcmdStatus(pointer)) }
}

/// One row of a result. Holds the result's memory; keep rows no longer than needed.
package struct Row: Sendable {
    private let result: QueryResult
    private let index: Int32

    init(result: QueryResult, index: Int32) {
        self.result = result
        self.index = index
    }

    package var columnCount: Int { Int(PQnfields(result.pointer)) }

    /// The value of a column, counted from 0. A NULL in a type that is not optional, a type that does not match the column, or
    /// a column that is not there throws (SQLSTATE 22000).
    package func get<T: SQLDecodable>(_ column: Int) throws(SQLFault) -> T {
        let number = Int32(clamping: column)
        guard column >= 0, number < PQnfields(result.pointer) else {
            throw .decoding("column \(column) of \(columnCount)")
        }
        guard PQgetisnull(result.pointer, index, number) == 0 else { return try T.decodeSQLNull() }
        guard let start = PQgetvalue(result.pointer, index, number) else { throw .decoding("no value") }
        // SAFETY: libpq keeps the bytes until PQclear; `result` outlives this call, and no decoder keeps the pointer.
        let bytes = UnsafeRawBufferPointer(start: start, count: Int(PQgetlength(result.pointer, index, number)))
        return try withExtendedLifetime(result) { () throws(SQLFault) -> T in
            try T.decodeSQL(SQLValue(bytes: bytes, type: PQftype(result.pointer, number)))
        }
    }
}
