package import Core

extension SQL {
    /// The statement for people to read: its text, then one comment line per parameter. Running the text takes the
    /// parameters; the listing never splices a value into it.
    package var listing: String {
        var lines = [text]
        for (index, bind) in binds.enumerated() {
            lines.append("-- $\(index + 1) = \(bind.literal)")
        }
        return lines.joined(separator: "\n")
    }
}

extension SQLBind {
    /// One line, with quotes and control characters escaped.
    fileprivate var literal: String {
        switch self {
        case .null: "NULL"
        case .bool(let value): "\(value)"
        case .int16(let value): "\(value)"
        case .int32(let value): "\(value)"
        case .int64(let value): "\(value)"
        case .double(let value): "\(value)"
        case .text(let value): value.quoted
        case .bytes(let value): "'\\x\(Hex.lowercase(value))'"
        case .uuid(let value): "'\(HexID<Never>(value))'"
        case .instant(let value): "'\(value)'"
        case .day(let value): "'\(value)'"
        case .jsonb(let value): String(decoding: value, as: UTF8.self).quoted
        case .int16Array(let values): Self.list(values.map { "\($0)" })
        case .int32Array(let values): Self.list(values.map { "\($0)" })
        case .int64Array(let values): Self.list(values.map { "\($0)" })
        case .doubleArray(let values): Self.list(values.map { $0.map { "\($0)" } ?? "NULL" })
        case .boolArray(let values): Self.list(values.map { "\($0)" })
        case .textArray(let values): Self.list(values.map { $0?.quoted ?? "NULL" })
        case .bytesArray(let values): Self.list(values.map { $0.map { "'\\x\(Hex.lowercase($0))'" } ?? "NULL" })
        case .uuidArray(let values): Self.list(values.map { "'\(HexID<Never>($0))'" })
        case .instantArray(let values): Self.list(values.map { $0.map { "'\($0)'" } ?? "NULL" })
        case .dayArray(let values): Self.list(values.map { "'\($0)'" })
        case .jsonbArray(let values):
            Self.list(values.map { $0.map { String(decoding: $0, as: UTF8.self).quoted } ?? "NULL" })
        }
    }

    private static func list(_ elements: [String]) -> String { "ARRAY[\(elements.joined(separator: ", "))]" }
}

extension String {
    /// As an SQL string literal (`E'…'` where needed) on one line.
    fileprivate var quoted: String {
        var body = ""
        var isEscaped = false
        for scalar in unicodeScalars {
            switch scalar {
            case "'": body += "''"
            case "\\":
                body += "\\\\"
                isEscaped = true
            case _ where scalar.properties.generalCategory == .control || scalar == "\u{2028}" || scalar == "\u{2029}":
                let digits = String(scalar.value, radix: 16)
                body += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
                isEscaped = true
            default: body.unicodeScalars.append(scalar)
            }
        }
        return (isEscaped ? "E'" : "'") + body + "'"
    }
}
