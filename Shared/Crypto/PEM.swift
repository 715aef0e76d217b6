import COpenSSL

/// Text form of keys and certificates (RFC 7468).
package enum PEM {
    /// Longest text that is looked at.
    static let limitBytes = 64 << 10

    /// The first block whose label ends in `label`, with its lines in order again: people paste keys without line ends, with `\n` in
    /// two characters, or without the first and last line. Nil when there is nothing like it.
    package static func block(_ text: String, label: String) -> String? {
        guard text.utf8.count <= limitBytes else { return nil }
        let text = text.replacing("\\n", with: "\n")
        guard let begin = text.firstRange(of: "-----BEGIN ") else { return wrapped(text, label: label) }
        let rest = text[begin.upperBound...]
        guard let dashes = rest.firstRange(of: "-----") else { return nil }
        let name = String(rest[..<dashes.lowerBound])
        let body = rest[dashes.upperBound...]
        guard let end = body.firstRange(of: "-----END \(name)-----") else { return nil }
        guard name == label || name.hasSuffix(" \(label)") else {
            return block(String(body[end.upperBound...]), label: label)
        }
        return wrapped(body[..<end.lowerBound], label: name)
    }

    /// All blocks of certificates, the leaf first.
    package static func certificates(_ text: String) -> [String] {
        var blocks: [String] = []
        var rest = text.replacing("\\n", with: "\n")
        // A chain has a handful.
        while blocks.count < 10, let block = block(rest, label: "CERTIFICATE") {
            blocks.append(block)
            guard let end = rest.firstRange(of: "-----END CERTIFICATE-----") else { break }
            rest = String(rest[end.upperBound...])
            if !rest.contains("-----BEGIN ") { break }
        }
        return blocks
    }

    private static func wrapped(_ body: some StringProtocol, label: String) -> String? {
        let digits = body.utf8.filter { $0 > 0x20 }
        guard Base64.decode(String(decoding: digits, as: UTF8.self))?.isEmpty == false else { return nil }
        var text = "-----BEGIN \(label)-----\n"
        for start in stride(from: 0, to: digits.count, by: 64) {
            text += String(decoding: digits[start..<min(start + 64, digits.count)], as: UTF8.self) + "\n"
        }
        return text + "-----END \(label)-----\n"
    }

    static func read<Value>(_ text: String, _ body: (OpaquePointer) -> Value?) -> Value? {
        let bytes = Array(text.utf8)
        guard let input = BIO_new_mem_buf(bytes, Int32(bytes.count)) else { return nil }
        defer { BIO_free(input) }
        return body(input)
    }
}
