/// `application/x-www-form-urlencoded`, both ways (WHATWG URL §5): bodies of requests, and queries with `+` for a space.
package struct FormFields: Sendable {
    package private(set) var items: [(name: String, value: String)] = []

    package init(_ items: [(name: String, value: String)] = []) {
        self.items = items
    }

    /// Nil when a name or value is not valid UTF-8, or a `%` is broken.
    package init?(_ text: some StringProtocol) {
        guard let fields = Self.bytes(of: text) else { return nil }
        for (name, value) in fields {
            guard let value = String(validating: value, as: UTF8.self) else { return nil }
            items.append((name, value))
        }
    }

    /// The first of that name.
    package subscript(name: String) -> String? { items.first { $0.name == name }?.value }

    package mutating func append(_ name: String, _ value: String?) {
        if let value { items.append((name, value)) }
    }

    package var encoded: String {
        items.map { "\(Self.encode($0.name))=\(Self.encode($0.value))" }.joined(separator: "&")
    }

    package var body: [UInt8] { Array(encoded.utf8) }
    package static let contentType = (name: "Content-Type", value: "application/x-www-form-urlencoded")

    /// Values as bytes, for senders whose texts are not all UTF-8. Nil for a broken `%`, or a name that is not UTF-8.
    package static func bytes(of text: some StringProtocol) -> [(name: String, value: [UInt8])]? {
        var fields: [(String, [UInt8])] = []
        for part in text.split(separator: "&") {
            let mark = part.utf8.firstIndex(of: 0x3D) ?? part.endIndex
            let rest = mark == part.endIndex ? "" : part[part.utf8.index(after: mark)...]
            guard let name = decode(part[..<mark]), let value = decode(rest),
                let text = String(validating: name, as: UTF8.self)
            else { return nil }
            fields.append((text, value))
        }
        return fields
    }

    /// Everything but the unreserved characters of RFC 3986, so that the same text also stands in a query.
    package static func encode(_ text: some StringProtocol) -> String { encode(Array(text.utf8)) }

    package static func encode(_ bytes: [UInt8]) -> String {
        var encoded: [UInt8] = []
        encoded.reserveCapacity(bytes.count + bytes.count / 2)
        for byte in bytes {
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x7E: encoded.append(byte)
            case _: encoded += [0x25, digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: encoded, as: UTF8.self)
    }

    private static let digits = Array("0123456789ABCDEF".utf8)

    private static func decode(_ text: some StringProtocol) -> [UInt8]? {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.utf8.count)
        var iterator = text.utf8.makeIterator()
        while let byte = iterator.next() {
            switch byte {
            case 0x2B: bytes.append(0x20)
            case 0x25:
                guard let high = iterator.next().flatMap(digit), let low = iterator.next().flatMap(digit) else {
                    return nil
                }
                bytes.append(high << 4 | low)
            case _: bytes.append(byte)
            }
        }
        return bytes
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x41...0x46: byte - 0x41 + 10
        case 0x61...0x66: byte - 0x61 + 10
        case _: nil
        }
    }
}
