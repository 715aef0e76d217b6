internal import CPostgres
internal import Core

/// The binary wire forms of parameters (`*_recv` functions of Postgres).
///
/// Postgres' epoch is 2000-01-01.
enum PostgresEpoch {
    static let microseconds: Int64 = 946_684_800_000_000
    static let days: Int32 = 10_957
}

extension SQLBind {
    /// The OID of the parameter's type (`pg_type.dat`).
    var oid: UInt32 {
        switch self {
        case .null(let type): type.rawValue
        case .bool: SQLType.bool.rawValue
        case .int16: SQLType.int2.rawValue
        case .int32: SQLType.int4.rawValue
        case .int64: SQLType.int8.rawValue
        case .double: SQLType.float8.rawValue
        case .text: SQLType.text.rawValue
        case .bytes: SQLType.bytea.rawValue
        case .uuid: SQLType.uuid.rawValue
        case .instant: SQLType.timestamptz.rawValue
        case .day: SQLType.date.rawValue
        case .jsonb: SQLType.jsonb.rawValue
        case .boolArray: 1000
        case .bytesArray: 1001
        case .int16Array: 1005
        case .int32Array: 1007
        case .textArray: 1009
        case .int64Array: 1016
        case .doubleArray: 1022
        case .dayArray: 1182
        case .instantArray: 1185
        case .uuidArray: 2951
        case .jsonbArray: 3807
        }
    }

    var isNull: Bool {
        if case .null = self { true } else { false }
    }
}

extension GrowingBytes {
    /// The value without a length; nothing for NULL.
    mutating func append(_ bind: SQLBind) throws(Fault) {
        switch bind {
        case .null: break
        case .bool(let value): append(byte: value ? 1 : 0)
        case .int16(let value): append(int16: value)
        case .int32(let value): append(int32: value)
        case .int64(let value): append(int64: value)
        case .double(let value): append(int64: Int64(bitPattern: value.bitPattern))
        case .text(let value): try append(text: value)
        case .bytes(let value): value.withUnsafeBytes { append($0) }
        case .uuid(let value): append(uuid: value)
        case .instant(let value): append(instant: value)
        case .day(let value): append(int32: value.daysSince1970 &- PostgresEpoch.days)
        case .jsonb(let value): append(jsonb: value)
        case .boolArray(let values): try append(array: values.map { .bool($0) }, of: .bool)
        case .bytesArray(let values):
            try append(array: values.map { $0.map(SQLBind.bytes) ?? .null(.bytea) }, of: .bytea)
        case .int16Array(let values): try append(array: values.map { .int16($0) }, of: .int2)
        case .int32Array(let values): try append(array: values.map { .int32($0) }, of: .int4)
        case .textArray(let values): try append(array: values.map { $0.map(SQLBind.text) ?? .null(.text) }, of: .text)
        case .int64Array(let values): append(int64Array: values)
        case .doubleArray(let values):
            try append(array: values.map { $0.map(SQLBind.double) ?? .null(.float8) }, of: .float8)
        case .dayArray(let values): try append(array: values.map { .day($0) }, of: .date)
        case .instantArray(let values):
            try append(array: values.map { $0.map(SQLBind.instant) ?? .null(.timestamptz) }, of: .timestamptz)
        case .uuidArray(let values): try append(array: values.map { .uuid($0) }, of: .uuid)
        case .jsonbArray(let values):
            try append(array: values.map { $0.map(SQLBind.jsonb) ?? .null(.jsonb) }, of: .jsonb)
        }
    }

    /// Saturates at what Postgres can hold instead of wrapping round.
    mutating func append(instant: Instant) {
        let (value, overflow) = instant.microseconds.subtractingReportingOverflow(PostgresEpoch.microseconds)
        append(int64: overflow ? .min + 1 : value)
    }

    mutating func append(uuid: UInt128) {
        append(int64: Int64(truncatingIfNeeded: uuid >> 64))
        append(int64: Int64(truncatingIfNeeded: uuid))
    }

    mutating func append(jsonb: [UInt8]) {
        append(byte: 1)
        jsonb.withUnsafeBytes { append($0) }
    }

    mutating func append(text: String) throws(Fault) {
        let start = count
        let done: Void? = text.utf8.withContiguousStorageIfAvailable { append(UnsafeRawBufferPointer($0)) }
        if done == nil { Array(text.utf8).withUnsafeBytes { append($0) } }
        if UnsafeRawBufferPointer(rebasing: bytes[start...]).containsNUL { throw .embeddedNUL }
    }

    /// The chunk jobs' recipients: 500 keys a row, so it has its own path.
    mutating func append(int64Array values: [Int64]) {
        appendArrayHead(count: values.count, hasNull: false, of: .int8)
        reserve(values.count * 12)
        for value in values {
            append(int32: 8)
            append(int64: value)
        }
    }

    private mutating func append(array: [SQLBind], of type: SQLType) throws(Fault) {
        appendArrayHead(count: array.count, hasNull: array.contains(where: \.isNull), of: type)
        for value in array { try append(field: value) }
    }

    private mutating func appendArrayHead(count: Int, hasNull: Bool, of type: SQLType) {
        append(int32: count == 0 ? 0 : 1)
        append(int32: hasNull ? 1 : 0)
        append(int32: Int32(bitPattern: type.rawValue))
        guard count > 0 else { return }
        append(int32: Int32(clamping: count))
        append(int32: 1)
    }

    /// Length and value, as in arrays and COPY; length −1 is NULL.
    mutating func append(field bind: SQLBind) throws(Fault) {
        guard !bind.isNull else { return append(int32: -1) }
        let start = count
        append(int32: 0)
        try append(bind)
        patch(int32: Int32(clamping: count - start - 4), at: start)
    }
}

extension Fault {
    static var embeddedNUL: Fault {
        Fault(.invalid, "Text contains a NUL character (U+0000), which cannot be stored")
    }
}

/// A statement with its parameters in wire form, made before anything is sent so that a bad value costs no round trip.
struct EncodedStatement: Sendable {
    let key: StatementKey
    private let lengths: [Int32]
    private let offsets: [Int]
    private let bytes: GrowingBytes

    /// Postgres counts parameters in 16 bits.
    static let parameterLimit = 65_535

    init(_ sql: SQL) throws(Fault) {
        guard sql.binds.count <= EncodedStatement.parameterLimit else {
            throw Fault(.invalid, "A statement has more than \(EncodedStatement.parameterLimit) parameters")
        }
        if sql.text.utf8.contains(0) { throw .embeddedNUL }
        var bytes = GrowingBytes(capacity: sql.binds.count * 16)
        var types: [UInt32] = []
        var lengths: [Int32] = []
        var offsets: [Int] = []
        types.reserveCapacity(sql.binds.count)
        lengths.reserveCapacity(sql.binds.count)
        offsets.reserveCapacity(sql.binds.count)
        for bind in sql.binds {
            types.append(bind.oid)
            let start = bytes.count
            try bytes.append(bind)
            offsets.append(bind.isNull ? -1 : start)
            lengths.append(Int32(clamping: bytes.count - start))
        }
        key = StatementKey(text: sql.text, types: types)
        self.bytes = bytes
        self.lengths = lengths
        self.offsets = offsets
    }

    /// Binary parameters in, binary results out.
    func sendPrepared(_ name: String, on handle: OpaquePointer) -> Bool {
        let base = UnsafeRawPointer(bytes.base).assumingMemoryBound(to: CChar.self)
        let values: [UnsafePointer<CChar>?] = offsets.map { $0 < 0 ? nil : base + $0 }
        let formats = [Int32](repeating: 1, count: offsets.count)
        return withExtendedLifetime(bytes) {
            PQsendQueryPrepared(handle, name, Int32(offsets.count), values, lengths, formats, 1) == 1
        }
    }

    func sendPrepare(_ name: String, on handle: OpaquePointer) -> Bool {
        PQsendPrepare(handle, name, key.text, Int32(key.types.count), key.types) == 1
    }
}
