/// A statement and its parameters. Interpolated values become `$1`, `$2` …; only another `SQL` is spliced in as text.
///
/// ```swift
/// "SELECT name FROM apps WHERE id = \(app)"
/// ```
/// Text reaches the statement in one way only, `SQL(unsafe:)`, which a tidy test keeps out of everything but the
/// segment compiler and the Postgres module.
package struct SQL: Sendable, ExpressibleByStringInterpolation {
    package private(set) var text: String
    package private(set) var binds: [SQLBind]

    package init(stringLiteral value: String) {
        text = value
        binds = []
    }

    package init(unsafe text: String, binds: [SQLBind] = []) {
        self.text = text
        self.binds = binds
    }

    package init(stringInterpolation: Interpolation) {
        text = stringInterpolation.text
        binds = stringInterpolation.binds
    }

    package static let empty = SQL(unsafe: "")

    package static func + (left: SQL, right: SQL) -> SQL {
        var interpolation = Interpolation(literalCapacity: 0, interpolationCount: 2)
        interpolation.appendInterpolation(left)
        interpolation.appendInterpolation(right)
        return SQL(stringInterpolation: interpolation)
    }

    package struct Interpolation: StringInterpolationProtocol {
        fileprivate var text = ""
        fileprivate var binds: [SQLBind] = []

        package init(literalCapacity: Int, interpolationCount: Int) {
            text.reserveCapacity(literalCapacity + interpolationCount * 4)
            binds.reserveCapacity(interpolationCount)
        }

        package mutating func appendLiteral(_ literal: String) {
            text += literal
        }

        package mutating func appendInterpolation(_ value: some SQLEncodable) {
            binds.append(value.sqlBind)
            text += "$\(binds.count)"
        }

        /// Nil is NULL of the value's type.
        package mutating func appendInterpolation<Value: SQLEncodable>(_ value: Value?) {
            binds.append(value?.sqlBind ?? .null(Value.sqlType))
            text += "$\(binds.count)"
        }

        /// Splices a fragment; its parameters are renumbered behind the ones so far.
        package mutating func appendInterpolation(_ fragment: SQL) {
            let base = binds.count
            if base == 0 || fragment.binds.isEmpty {
                text += fragment.text
            } else {
                var index = fragment.text.utf8.startIndex
                let utf8 = fragment.text.utf8
                while let dollar = utf8[index...].firstIndex(of: 0x24) {
                    var end = utf8.index(after: dollar)
                    var number = 0
                    while end < utf8.endIndex, case 0x30...0x39 = utf8[end] {
                        number = number * 10 + Int(utf8[end] - 0x30)
                        end = utf8.index(after: end)
                    }
                    text += fragment.text[index..<dollar]
                    text += number > 0 ? "$\(number + base)" : "$"
                    index = end
                }
                text += fragment.text[index...]
            }
            binds.append(contentsOf: fragment.binds)
        }
    }
}

extension [SQL] {
    package func joined(separator: SQL) -> SQL {
        guard let first else { return .empty }
        return dropFirst().reduce(first) { $0 + separator + $1 }
    }
}

/// One parameter, with the Postgres type it is sent as (binary format).
package enum SQLBind: Sendable, Hashable {
    case null(SQLType)
    case bool(Bool)
    case int16(Int16)
    case int32(Int32)
    case int64(Int64)
    case double(Double)
    case text(String)
    case bytes([UInt8])
    case uuid(UInt128)
    case instant(Instant)
    case day(Day)
    /// UTF-8 JSON text.
    case jsonb([UInt8])
    case int16Array([Int16])
    case int32Array([Int32])
    case int64Array([Int64])
    case doubleArray([Double?])
    case boolArray([Bool])
    case textArray([String?])
    case bytesArray([[UInt8]?])
    case uuidArray([UInt128])
    case instantArray([Instant?])
    case dayArray([Day])
    case jsonbArray([[UInt8]?])
}

/// The Postgres types that parameters use, by OID (`pg_type.dat`).
package enum SQLType: UInt32, Sendable {
    case bool = 16
    case bytea = 17
    case boolArray = 1000
    case byteaArray = 1001
    case int2Array = 1005
    case int4Array = 1007
    case textArray = 1009
    case int8Array = 1016
    case float8Array = 1022
    case timestamptzArray = 1185
    case dateArray = 1182
    case uuidArray = 2951
    case jsonbArray = 3807
    case int8 = 20
    case int2 = 21
    case int4 = 23
    case text = 25
    case float8 = 701
    case date = 1082
    case timestamptz = 1184
    case uuid = 2950
    case jsonb = 3802
}

/// A value that can be a parameter.
package protocol SQLEncodable {
    static var sqlType: SQLType { get }
    var sqlBind: SQLBind { get }
}

extension Optional: SQLEncodable where Wrapped: SQLEncodable {
    package static var sqlType: SQLType { Wrapped.sqlType }
    package var sqlBind: SQLBind { self?.sqlBind ?? .null(Wrapped.sqlType) }
}

extension Bool: SQLEncodable {
    package static var sqlType: SQLType { .bool }
    package var sqlBind: SQLBind { .bool(self) }
}
extension Int16: SQLEncodable {
    package static var sqlType: SQLType { .int2 }
    package var sqlBind: SQLBind { .int16(self) }
}
extension Int32: SQLEncodable {
    package static var sqlType: SQLType { .int4 }
    package var sqlBind: SQLBind { .int32(self) }
}
extension Int64: SQLEncodable {
    package static var sqlType: SQLType { .int8 }
    package var sqlBind: SQLBind { .int64(self) }
}
/// `Int` is `bigint`; use `Int32(…)` where the column's index needs `integer`.
extension Int: SQLEncodable {
    package static var sqlType: SQLType { .int8 }
    package var sqlBind: SQLBind { .int64(Int64(self)) }
}
extension Double: SQLEncodable {
    package static var sqlType: SQLType { .float8 }
    package var sqlBind: SQLBind { .double(self) }
}
extension String: SQLEncodable {
    package static var sqlType: SQLType { .text }
    package var sqlBind: SQLBind { .text(self) }
}
extension Instant: SQLEncodable {
    package static var sqlType: SQLType { .timestamptz }
    package var sqlBind: SQLBind { .instant(self) }
}
extension Day: SQLEncodable {
    package static var sqlType: SQLType { .date }
    package var sqlBind: SQLBind { .day(self) }
}
extension ID: SQLEncodable {
    package static var sqlType: SQLType { .text }
    package var sqlBind: SQLBind { .text(rawValue) }
}
extension HexID: SQLEncodable {
    package static var sqlType: SQLType { .uuid }
    package var sqlBind: SQLBind { .uuid(value) }
}
/// Element types whose arrays can be parameters (`= ANY ($1)`, `unnest($1)`).
package protocol SQLArrayElement: SQLEncodable {
    static var sqlArrayType: SQLType { get }
    static func sqlArrayBind(_ values: [Self]) -> SQLBind
}

extension Array: SQLEncodable where Element: SQLArrayElement {
    package static var sqlType: SQLType { Element.sqlArrayType }
    package var sqlBind: SQLBind { Element.sqlArrayBind(self) }
}

extension Int16: SQLArrayElement {
    package static var sqlArrayType: SQLType { .int2Array }
    package static func sqlArrayBind(_ values: [Int16]) -> SQLBind { .int16Array(values) }
}
extension Int32: SQLArrayElement {
    package static var sqlArrayType: SQLType { .int4Array }
    package static func sqlArrayBind(_ values: [Int32]) -> SQLBind { .int32Array(values) }
}
extension Int64: SQLArrayElement {
    package static var sqlArrayType: SQLType { .int8Array }
    package static func sqlArrayBind(_ values: [Int64]) -> SQLBind { .int64Array(values) }
}
extension String: SQLArrayElement {
    package static var sqlArrayType: SQLType { .textArray }
    package static func sqlArrayBind(_ values: [String]) -> SQLBind { .textArray(values) }
}
extension HexID: SQLArrayElement {
    package static var sqlArrayType: SQLType { .uuidArray }
    package static func sqlArrayBind(_ values: [HexID]) -> SQLBind { .uuidArray(values.map(\.value)) }
}

extension SQLBind: SQLEncodable {
    package static var sqlType: SQLType { .text }
    package var sqlBind: SQLBind { self }
}
