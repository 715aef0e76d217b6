import Core

extension TemplateValue {
    /// The value as text, as JavaScript would print it: lists joined by ",", nothing for what is missing.
    package var text: String {
        if case .text(let text) = self { return text }
        var bytes: [UInt8] = []
        append(to: &bytes, .none)
        return String(decoding: bytes, as: UTF8.self)
    }

    func append(to output: inout [UInt8], _ escaping: TemplateEscaping) {
        switch self {
        case .missing: break
        case .bool(let value): output.append(contentsOf: (value ? "true" : "false").utf8)
        case .integer(let value): output.append(contentsOf: String(value).utf8)
        case .number(let value): output.append(contentsOf: NumberText.format(value).utf8)
        case .text(let text): escaping.append(text, to: &output)
        case .list(let texts):
            for (index, text) in texts.enumerated() {
                if index > 0 { output.append(0x2C) }
                escaping.append(text, to: &output)
            }
        case .json(.array(let values)):
            for (index, value) in values.enumerated() {
                if index > 0 { output.append(0x2C) }
                TemplateValue(value).append(to: &output, escaping)
            }
        case .json(.object): output.append(contentsOf: "[object Object]".utf8)
        case .json(let scalar): TemplateValue(scalar).append(to: &output, escaping)
        }
    }
}

/// Numbers as JavaScript prints them: no ".0", exponents only from 1e21.
enum NumberText {
    static func format(_ value: Double) -> String {
        if value == 0 { return "0" }
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Infinity" : "Infinity" }
        if value == value.rounded(.towardZero), abs(value) < 1e21 {
            if let integer = Int64(exactly: value) { return String(integer) }
            return String(Int128(value))
        }
        return javaScript("\(value)")
    }

    /// Swift writes 0.00001 as `1e-05`, JavaScript as `0.00001` and only from 1e-7 on as `1e-7`.
    private static func javaScript(_ text: String) -> String {
        guard let mark = text.firstIndex(of: "e"), let exponent = Int(text[text.index(after: mark)...]) else {
            return text
        }
        let mantissa = text[..<mark]
        guard (-6)...(-1) ~= exponent else { return "\(mantissa)e\(exponent < 0 ? "" : "+")\(exponent)" }
        let sign = mantissa.first == "-" ? "-" : ""
        let digits = mantissa.filter { $0.isNumber }
        return "\(sign)0.\(String(repeating: "0", count: -exponent - 1))\(digits)"
    }
}

extension TemplateEscaping {
    func append(_ text: String, to output: inout [UInt8]) {
        switch self {
        case .none: output.append(contentsOf: text.utf8)
        case .html: HTMLEscaping.append(text, to: &output)
        case .json: JSONWriter.appendEscaped(text, to: &output)
        }
    }
}

/// The escaping of Handlebars.js: seven characters, so that a value can neither open a tag nor leave an attribute, in
/// quotes or not.
enum HTMLEscaping {
    static func append(_ text: String, to output: inout [UInt8]) {
        let isDone: Void? = text.utf8.withContiguousStorageIfAvailable { append($0, to: &output) }
        if isDone == nil {
            let bytes = Array(text.utf8)
            bytes.withUnsafeBufferPointer { append($0, to: &output) }
        }
    }

    private static func append(_ bytes: UnsafeBufferPointer<UInt8>, to output: inout [UInt8]) {
        var start = 0
        for index in 0..<bytes.count where isSpecial(bytes[index]) {
            output.append(contentsOf: UnsafeBufferPointer(rebasing: bytes[start..<index]))
            entity(bytes[index]).withUTF8Buffer { output.append(contentsOf: $0) }
            start = index + 1
        }
        output.append(contentsOf: UnsafeBufferPointer(rebasing: bytes[start...]))
    }

    @inline(__always)
    private static func isSpecial(_ byte: UInt8) -> Bool {
        byte == 0x26 || byte == 0x3C || byte == 0x3E || byte == 0x22 || byte == 0x27 || byte == 0x60 || byte == 0x3D
    }

    private static func entity(_ byte: UInt8) -> StaticString {
        switch byte {
        case 0x26: "&amp;"
        case 0x3C: "&lt;"
        case 0x3E: "&gt;"
        case 0x22: "&quot;"
        case 0x27: "&#x27;"
        case 0x60: "&#x60;"
        default: "&#x3D;"
        }
    }
}
