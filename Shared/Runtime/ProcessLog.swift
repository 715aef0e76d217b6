package import Core
import Glibc

/// JSON lines on standard error: `{"time":…,"level":…,"process":…,"event":…, fields}`. One `write(2)` a line, so that lines of
/// several threads never mix and none is lost in a buffer when the process dies.
package enum ProcessLog {
    /// A text longer than this is cut: a log line is no place for a body.
    static let textLimitBytes = 4096

    package static func logger(minimum: Logger.Level, process: String = "needletail") -> Logger {
        Logger(minimum: minimum) { level, event, fields in
            write(line(at: SystemEnvironment.realNow(), level: level, process: process, event: event, fields: fields))
        }
    }

    /// Pure, for tests. Ends with the only line feed of the line: JSON escapes all others.
    package static func line(
        at time: Instant, level: Logger.Level, process: String, event: String, fields: [(String, JSON)]
    ) -> [UInt8] {
        var object: JSONObject = [
            "time": .string(time.description),
            "level": .string(name(level)),
            "process": .string(process),
            "event": .string(event),
        ]
        for (key, value) in fields { object[key] = cut(value) }
        return LogText.encode(.object(object)) + [0x0A]
    }

    private static func name(_ level: Logger.Level) -> String {
        switch level {
        case .debug: "debug"
        case .info: "info"
        case .warning: "warning"
        case .error: "error"
        }
    }

    private static func cut(_ value: JSON) -> JSON {
        guard case .string(let text) = value, text.utf8.count > textLimitBytes else { return value }
        return .string(String(decoding: text.utf8.prefix(textLimitBytes), as: UTF8.self) + "…")
    }

    private static func write(_ line: [UInt8]) {
        var start = 0
        while start < line.count {
            let count = line.withUnsafeBytes {
                Glibc.write(STDERR_FILENO, $0.baseAddress?.advanced(by: start), line.count - start)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return }
            start += count
        }
    }
}

/// JSON text for log lines: control characters, U+2028 and U+2029 are always escaped.
enum LogText {
    static func encode(_ value: JSON) -> [UInt8] {
        var bytes: [UInt8] = []
        append(value, to: &bytes)
        return bytes
    }

    private static func append(_ value: JSON, to bytes: inout [UInt8]) {
        switch value {
        case .null: bytes.append(contentsOf: "null".utf8)
        case .bool(let flag): bytes.append(contentsOf: (flag ? "true" : "false").utf8)
        case .integer(let number): bytes.append(contentsOf: number.description.utf8)
        case .double(let number): bytes.append(contentsOf: (number.isFinite ? number.description : "null").utf8)
        case .string(let text): append(text, to: &bytes)
        case .array(let items): appendList(items, "[", "]", to: &bytes) { append($0, to: &$1) }
        case .object(let object):
            appendList(object.members, "{", "}", to: &bytes) { member, bytes in
                append(member.key, to: &bytes)
                bytes.append(0x3A)
                append(member.value, to: &bytes)
            }
        }
    }

    private static func appendList<Item>(
        _ items: [Item], _ open: String, _ close: String, to bytes: inout [UInt8], each: (Item, inout [UInt8]) -> Void
    ) {
        bytes.append(contentsOf: open.utf8)
        for (index, item) in items.enumerated() {
            if index > 0 { bytes.append(0x2C) }
            each(item, &bytes)
        }
        bytes.append(contentsOf: close.utf8)
    }

    private static func append(_ text: String, to bytes: inout [UInt8]) {
        bytes.append(0x22)
        for scalar in text.unicodeScalars {
            switch scalar.value {
            case 0x22: bytes.append(contentsOf: [0x5C, 0x22])
            case 0x5C: bytes.append(contentsOf: [0x5C, 0x5C])
            case 0..<0x20, 0x7F..<0xA0, 0x2028, 0x2029:
                let hex = String(scalar.value, radix: 16)
                bytes.append(contentsOf: "\\u\(String(repeating: "0", count: 4 - hex.count))\(hex)".utf8)
            default: bytes.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
            }
        }
        bytes.append(0x22)
    }
}
