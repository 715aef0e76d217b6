package import Core

/// A value as Postgres sent it, in binary. Valid during `decodeSQL` only.
package struct SQLValue {
    package let bytes: UnsafeRawBufferPointer
    /// The OID of the value's type.
    package let type: UInt32

    package var count: Int { bytes.count }

    func integer<T: FixedWidthInteger>(_: T.Type, at offset: Int = 0) -> T {
        T(bigEndian: bytes.loadUnaligned(fromByteOffset: offset, as: T.self))
    }

    func slice(_ offset: Int, _ count: Int, type: UInt32) -> SQLValue {
        SQLValue(bytes: UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + count]), type: type)
    }

    package func mismatch(_ wanted: String) -> SQLFault {
        .decoding("a column of type \(type), \(count) bytes, was read as \(wanted)")
    }
}

/// A type that a column can be read as.
package protocol SQLDecodable {
    static func decodeSQL(_ value: SQLValue) throws(SQLFault) -> Self
    static func decodeSQLNull() throws(SQLFault) -> Self
}

extension SQLDecodable {
    package static func decodeSQLNull() throws(SQLFault) -> Self {
        throw .decoding("NULL was read as \(Self.self)")
    }
}

/// Enums with a raw value conform with `extension Kind: SQLDecodable {}`; an unknown raw value throws.
extension SQLDecodable where Self: RawRepresentable, RawValue: SQLDecodable {
    package static func decodeSQL(_ value: SQLValue) throws(SQLFault) -> Self {
        let raw = try RawValue.decodeSQL(value)
        guard let known = Self(rawValue: raw) else { throw .decoding("\(raw) is no \(Self.self)") }
        return known
    }
}

extension Optional: SQLDecodable where Wrapped: SQLDecodable {
    package static func decodeSQL(_ value: SQLValue) throws(SQLFault) -> Self { try Wrapped.decodeSQL(value) }
    package static func decodeSQLNull() throws(SQLFault) -> Self { nil }
}

extension Bool: SQLDecodable {
    package static func decodeSQL(_ value: SQLValue) throws(SQLFault) -> Bool {
        guard value.type == SQLType.bool.rawValue, value.count == 1 else { throw value.mismatch("Bool") }
        return value.bytes[0] != 0
    }
}

extension SQLValue {
    /// OIDs of other integer-like types: oid, xid, and xid8, which has 64 bits unsigned.
    private static let oid: UInt32 = 26
    private static let xid: UInt32 = 28
    private static let xid8: UInt32 = 5069
    static let numeric: UInt32 = 1700

    /// Any whole number that fits 64 bits: int2, int4, int8, oid, xid8, and numeric without a fraction (`sum(bigint)`).
    func wholeNumber() throws(SQLFault) -> Int64 {
        switch (type, count) {
        case (SQLType.int8.rawValue, 8): return integer(Int64.self)
        case (SQLType.int4.rawValue, 4): return Int64(integer(Int32.self))
        case (SQLType.int2.rawValue, 2): return Int64(integer(Int16.self))
        case (SQLValue.oid, 4), (SQLValue.xid, 4): return Int64(integer(UInt32.self))
        case (SQLValue.xid8, 8):
            guard let number = Int64(exactly: integer(UInt64.self)) else { throw mismatch("Int64") }
            return number
        case (SQLValue.numeric, 8...):
            guard let number = NumericValue(self)?.wholeNumber else { throw mismatch("Int64") }
            return number
        default: throw mismatch("a whole number")
        }
    }

    func narrowed<T: FixedWidthInteger>(_: T.Type) throws(SQLFault) -> T {
        guard let number = T(exactly: try wholeNumber()) else { throw mismatch("\(T.self)") }
        return number
    }
}

extension Int16: SQLDecodable {
    package static func decodeSQL(_ value: SQLValue) throws(SQLFault) -> Int16 { try value.narrowed(Int16.self) }
}
extension Int32: SQLDecodable {
    package static func decodeSQL(_ value: SQLValue) throws(SQLFault) -> Int32 { try value.narrowed(Int32.self) }
}
extension Int64: SQLDecodable {
    package static func decodeSQL(_ value: SQLValue) throws(SQLFault) -> Int64 { try value.wholeNumber() }
}
extension Int: SQLDecodable {
    package static func decodeSQL(_ value: SQLValue) throws(SQLFault) -> Int { try value.narrowed(Int.self) }
}

extension Double: SQLDecodable {
    package static func decodeSQL(_ value: SQLValue) throws(SQLFault) -> Double {
        switch (value.type, value.count) {
        case (SQLType.float8.rawValue, 8): return Double(bitPattern: value.integer(UInt64.self))
        case (700, 4): return Double(Float(bitPattern: value.integer(UInt32.self)))
        case (SQLValue.numeric, 8...):
            guard let number = NumericValue(value) else { throw value.mismatch("Double") }
            return number.double
        default: return Double(try value.wholeNumber())
        }
    }
}

extension SQLValue {
    /// text, varchar, bpchar, name, unknown, json, "char"; jsonb after its version byte.
    func characters() throws(SQLFault) -> UnsafeRawBufferPointer {
        switch type {
        case SQLType.text.rawValue, 1043, 1042, 19, 705, 114, 18: return bytes
        case SQLType.jsonb.rawValue:
            guard count >= 1, bytes[0] == 1 else { throw mismatch("jsonb version 1") }
            return UnsafeRawBufferPointer(rebasing: bytes[1...])
        default: throw mismatch("text")
        }
    }
}

extension String: SQLDecodable {
    package static func decodeSQL(_ value: SQLValue) throws(SQLFault) -> String {
        if value.type == SQLType.uuid.rawValue { return try HexID<Never>.decodeSQL(value).description }
        return String(decoding: try value.characters(), as: UTF8.self)
    }
}

extension ID: SQLDecodable {
    package static func decodeSQL(_ value: SQLValue) throws(SQLFault) -> ID { ID(try String.decodeSQL(value)) }
}

extension HexID: SQLDecodable {
    package static func decodeSQL(_ value: SQLValue) throws(SQLFault) -> HexID {
        guard value.type == SQLType.uuid.rawValue, value.count == 16 else { throw value.mismatch("uuid") }
        return HexID(high: value.integer(UInt64.self), low: value.integer(UInt64.self, at: 8))
    }
}

extension Instant: SQLDecodable {
    package static func decodeSQL(_ value: SQLValue) throws(SQLFault) -> Instant {
        // 1114: timestamp without zone, which only expressions give.
        guard value.type == SQLType.timestamptz.rawValue || value.type == 1114, value.count == 8 else {
            throw value.mismatch("timestamptz")
        }
        let (microseconds, overflow) = value.integer(Int64.self).addingReportingOverflow(PostgresEpoch.microseconds)
        if overflow { throw value.mismatch("a finite timestamptz") }
        return Instant(microseconds: microseconds)
    }
}

extension Day: SQLDecodable {
    package static func decodeSQL(_ value: SQLValue) throws(SQLFault) -> Day {
        guard value.type == SQLType.date.rawValue, value.count == 4 else { throw value.mismatch("date") }
        let (days, overflow) = value.integer(Int32.self).addingReportingOverflow(PostgresEpoch.days)
        if overflow { throw value.mismatch("a finite date") }
        return Day(daysSince1970: days)
    }
}

extension JSON: SQLDecodable {
    /// What is stored was validated when it came in, so the bounds are only the parser's own.
    private static let stored = JSONLimits(depth: 256, bytes: 256 << 20, membersPerObject: .max)

    package static func decodeSQL(_ value: SQLValue) throws(SQLFault) -> JSON {
        guard value.type == SQLType.jsonb.rawValue || value.type == 114 else { throw value.mismatch("jsonb") }
        let text = try value.characters()
        do throws(JSONFault) {
            return try JSON.parse(text, limits: stored)
        } catch {
            throw .decoding("stored JSON: \(error.reason) at byte \(error.offset)")
        }
    }
}
