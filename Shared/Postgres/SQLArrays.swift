package import Core

/// An element of an array that a column can be read as; `UInt8` makes `[UInt8]` the form of `bytea` (and raw jsonb or text).
package protocol SQLArrayDecodable {
    static func decodeSQLArray(_ value: SQLValue) throws(SQLFault) -> [Self]
}

extension Array: SQLDecodable where Element: SQLArrayDecodable {
    package static func decodeSQL(_ value: SQLValue) throws(SQLFault) -> [Element] {
        try Element.decodeSQLArray(value)
    }
}

extension UInt8: SQLArrayDecodable {
    package static func decodeSQLArray(_ value: SQLValue) throws(SQLFault) -> [UInt8] {
        if value.type == SQLType.bytea.rawValue { return Array(value.bytes) }
        return Array(try value.characters())
    }
}

extension SQLArrayDecodable where Self: SQLDecodable {
    package static func decodeSQLArray(_ value: SQLValue) throws(SQLFault) -> [Self] {
        guard value.count >= 12 else { throw value.mismatch("an array") }
        let dimensions = value.integer(Int32.self)
        let element = value.integer(UInt32.self, at: 8)
        if dimensions == 0 { return [] }
        guard dimensions == 1, value.count >= 20 else { throw value.mismatch("an array of one dimension") }
        let size = Int(value.integer(Int32.self, at: 12))
        // Each element takes at least its length, so a wrong size cannot reserve more than the value's own bytes.
        guard size >= 0, size <= (value.count - 20) / 4 else { throw value.mismatch("an array of \(size)") }
        var result: [Self] = []
        result.reserveCapacity(size)
        var offset = 20
        for _ in 0..<size {
            guard offset + 4 <= value.count else { throw value.mismatch("a whole array") }
            let length = Int(value.integer(Int32.self, at: offset))
            offset += 4
            if length < 0 {
                result.append(try Self.decodeSQLNull())
            } else {
                guard length <= value.count - offset else { throw value.mismatch("a whole array") }
                result.append(try Self.decodeSQL(value.slice(offset, length, type: element)))
                offset += length
            }
        }
        return result
    }
}

extension Bool: SQLArrayDecodable {}
extension Int16: SQLArrayDecodable {}
extension Int32: SQLArrayDecodable {}
extension Int64: SQLArrayDecodable {}
extension Int: SQLArrayDecodable {}
extension Double: SQLArrayDecodable {}
extension String: SQLArrayDecodable {}
extension Instant: SQLArrayDecodable {}
extension Day: SQLArrayDecodable {}
extension HexID: SQLArrayDecodable {}
extension ID: SQLArrayDecodable {}
extension JSON: SQLArrayDecodable {}
extension Array: SQLArrayDecodable where Element == UInt8 {}
extension Optional: SQLArrayDecodable where Wrapped: SQLDecodable {}
