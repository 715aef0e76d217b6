import Core

/// A body of `multipart/form-data` (RFC 7578) as providers post mail: fields by name, files among them. Bounded; nil for what is none.
package struct MultipartForm: Sendable {
    private static let partsLimit = 500
    private static let headLimitBytes = 8 << 10

    package private(set) var fields: [(name: String, value: ArraySlice<UInt8>)] = []

    package init?(_ body: [UInt8], contentType: String) {
        guard let boundary = Self.boundary(contentType) else { return nil }
        let delimiter = Array("--\(boundary)".utf8)
        guard var at = Self.find(delimiter, in: body, from: 0) else { return nil }
        while true {
            at += delimiter.count
            if body[at...].starts(with: "--".utf8) { return }
            guard body[at...].starts(with: [0x0D, 0x0A]), fields.count < Self.partsLimit,
                let next = Self.find([0x0D, 0x0A] + delimiter, in: body, from: at)
            else { return nil }
            let part = body[(at + 2)..<max(at + 2, next)]
            guard let gap = Self.find(Array("\r\n\r\n".utf8), in: body, from: at), gap + 4 <= next,
                gap - at <= Self.headLimitBytes
            else { return nil }
            if let name = Self.name(part[..<gap]) { fields.append((name, body[(gap + 4)..<next])) }
            at = next + 2
        }
    }

    /// The first of that name.
    package subscript(name: String) -> [UInt8]? { fields.first { $0.name == name }.map { Array($0.value) } }

    package func text(_ name: String) -> String? { self[name].map { String(decoding: $0, as: UTF8.self) } }

    private static func boundary(_ contentType: String) -> String? {
        let parts = contentType.split(separator: ";")
        guard parts.first?.lowercased() == "multipart/form-data" else { return nil }
        for part in parts.dropFirst() {
            let pair = part.drop { $0 == " " }.split(separator: "=", maxSplits: 1)
            guard pair.count == 2, pair[0].lowercased() == "boundary" else { continue }
            let value = pair[1].filter { $0 != "\"" }
            return (1...70).contains(value.utf8.count) ? value : nil
        }
        return nil
    }

    /// `Content-Disposition: form-data; name="email"`
    private static func name(_ head: ArraySlice<UInt8>) -> String? {
        for line in String(decoding: head, as: UTF8.self).split(whereSeparator: \.isNewline)
        where line.lowercased().hasPrefix("content-disposition:") {
            for part in line.split(separator: ";") {
                let pair = part.drop { $0 == " " }.split(separator: "=", maxSplits: 1)
                if pair.count == 2, pair[0].lowercased() == "name" { return pair[1].filter { $0 != "\"" } }
            }
        }
        return nil
    }

    private static func find(_ needle: [UInt8], in bytes: [UInt8], from start: Int) -> Int? {
        guard let first = needle.first, bytes.count >= needle.count else { return nil }
        var at = start
        while at <= bytes.count - needle.count, let found = bytes[at...].firstIndex(of: first) {
            guard found <= bytes.count - needle.count else { return nil }
            if bytes[found..<(found + needle.count)].elementsEqual(needle) { return found }
            at = found + 1
        }
        return nil
    }
}
