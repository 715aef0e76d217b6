import Crypto

/// A MIME message taken apart for reading: what our composer writes, and as much of any other as can be read.
///
/// Pure and total: damaged input gives fewer parts, never an error. For the development inbox only; mail from strangers is
/// for a real MIME library.
package struct MailMessage: Sendable {
    package struct Header: Hashable, Sendable {
        package let name: String
        /// Unfolded; encoded words decoded.
        package let value: String
    }

    package let headers: [Header]
    /// The first `text/plain` and `text/html` parts that are no attachments, decoded.
    package private(set) var text: String?
    package private(set) var html: String?

    private static let depthLimit = 8
    private static let partLimit = 100

    package init(_ raw: [UInt8]) {
        let (head, body) = Self.split(raw[...])
        headers = Self.headers(head)
        var parts = 0
        read(Self.fields(headers), body, depth: 0, parts: &parts)
    }

    /// The first header of that name, in any case.
    package func header(_ name: String) -> String? {
        headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }

    // MARK: Parts

    private mutating func read(_ fields: [String: String], _ body: ArraySlice<UInt8>, depth: Int, parts: inout Int) {
        parts += 1
        guard depth < Self.depthLimit, parts <= Self.partLimit else { return }
        let type = MediaType(fields["content-type"] ?? "text/plain")
        if type.name.hasPrefix("multipart/"), let boundary = type.parameters["boundary"], !boundary.isEmpty {
            for part in Self.parts(of: body, boundary: Array("--\(boundary)".utf8)) {
                let (head, content) = Self.split(part)
                read(Self.fields(Self.headers(head)), content, depth: depth + 1, parts: &parts)
            }
            return
        }
        if fields["content-disposition"]?.lowercased().hasPrefix("attachment") == true { return }
        switch type.name {
        case "text/plain" where text == nil: text = decode(body, fields, type)
        case "text/html" where html == nil: html = decode(body, fields, type)
        case _: break
        }
    }

    private func decode(_ body: ArraySlice<UInt8>, _ fields: [String: String], _ type: MediaType) -> String {
        let bytes: [UInt8] =
            switch fields["content-transfer-encoding"]?.lowercased() {
            case "quoted-printable": TransferEncoding.quotedPrintable(body)
            case "base64": TransferEncoding.base64(body) ?? Array(body)
            case _: Array(body)
            }
        return CharacterSetName(type.parameters["charset"] ?? "utf-8").text(bytes)
    }

    /// Between lines that begin with the boundary; without the line end before each, which belongs to the boundary.
    private static func parts(of body: ArraySlice<UInt8>, boundary: [UInt8]) -> [ArraySlice<UInt8>] {
        var parts: [ArraySlice<UInt8>] = []
        var start: Int?
        for line in lines(of: body) where body[line].starts(with: boundary) {
            if let start { parts.append(withoutLastLineEnd(body[start..<max(start, line.lowerBound)])) }
            if parts.count > partLimit || body[line].dropFirst(boundary.count).starts(with: "--".utf8) { return parts }
            start = line.upperBound
        }
        if let start { parts.append(body[start...]) }
        return parts
    }

    private static func withoutLastLineEnd(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        var bytes = bytes
        if bytes.last == 0x0A { bytes.removeLast() }
        if bytes.last == 0x0D { bytes.removeLast() }
        return bytes
    }

    /// Ranges that end behind each line's LF.
    private static func lines(of bytes: ArraySlice<UInt8>) -> [Range<Int>] {
        var lines: [Range<Int>] = []
        var start = bytes.startIndex
        while start < bytes.endIndex {
            let end = bytes[start...].firstIndex(of: 0x0A).map { $0 + 1 } ?? bytes.endIndex
            lines.append(start..<end)
            start = end
        }
        return lines
    }

    // MARK: Headers

    /// At the first empty line.
    private static func split(_ bytes: ArraySlice<UInt8>) -> (head: ArraySlice<UInt8>, body: ArraySlice<UInt8>) {
        var start = bytes.startIndex
        while start < bytes.endIndex {
            let end = bytes[start...].firstIndex(of: 0x0A).map { $0 + 1 } ?? bytes.endIndex
            if withoutLastLineEnd(bytes[start..<end]).isEmpty { return (bytes[..<start], bytes[end...]) }
            start = end
        }
        return (bytes, bytes[bytes.endIndex...])
    }

    private static func headers(_ head: ArraySlice<UInt8>) -> [Header] {
        var unfolded: [[UInt8]] = []
        for line in lines(of: head) {
            let content = withoutLastLineEnd(head[line])
            if let first = content.first, first == 0x20 || first == 0x09, let last = unfolded.indices.last {
                unfolded[last].append(contentsOf: content)
            } else {
                unfolded.append(Array(content))
            }
        }
        return unfolded.compactMap { line in
            guard let colon = line.firstIndex(of: 0x3A), colon > 0 else { return nil }
            let value = String(decoding: line[(colon + 1)...], as: UTF8.self).drop { $0 == " " || $0 == "\t" }
            return Header(name: String(decoding: line[..<colon], as: UTF8.self), value: EncodedWords.decode(value))
        }
    }

    /// By lower-case name; the first wins.
    private static func fields(_ headers: [Header]) -> [String: String] {
        Dictionary(headers.map { ($0.name.lowercased(), $0.value) }, uniquingKeysWith: { first, _ in first })
    }
}

/// `text/html; charset="UTF-8"`
private struct MediaType {
    let name: String
    let parameters: [String: String]

    init(_ text: String) {
        let parts = text.split(separator: ";", omittingEmptySubsequences: false).map { part in
            String(part.drop { $0 == " " || $0 == "\t" }.reversed().drop { $0 == " " || $0 == "\t" }.reversed())
        }
        name = parts[0].lowercased()
        var parameters: [String: String] = [:]
        for part in parts.dropFirst() {
            guard let equals = part.firstIndex(of: "=") else { continue }
            var value = part[part.index(after: equals)...]
            if value.count >= 2, value.first == "\"", value.last == "\"" { value = value.dropFirst().dropLast() }
            parameters[part[..<equals].lowercased()] = String(value)
        }
        self.parameters = parameters
    }
}

private enum TransferEncoding {
    /// RFC 2045 §6.7. A `=` that encodes nothing stands for itself.
    static func quotedPrintable(_ bytes: ArraySlice<UInt8>, isHeader: Bool = false) -> [UInt8] {
        var decoded: [UInt8] = []
        decoded.reserveCapacity(bytes.count)
        var at = bytes.startIndex
        while at < bytes.endIndex {
            let byte = bytes[at]
            let rest = bytes[(at + 1)...].prefix(2)
            if isHeader, byte == 0x5F {
                decoded.append(0x20)
            } else if byte == 0x3D, rest.first == 0x0A {
                at += 1
            } else if byte == 0x3D, rest.elementsEqual([0x0D, 0x0A]) {
                at += 2
            } else if byte == 0x3D, let value = hexByte(rest) {
                decoded.append(value)
                at += 2
            } else {
                decoded.append(byte)
            }
            at += 1
        }
        return decoded
    }

    private static func hexByte(_ digits: ArraySlice<UInt8>) -> UInt8? {
        let text = String(decoding: digits, as: UTF8.self)
        return digits.count == 2 && text.allSatisfy(\.isHexDigit) ? UInt8(text, radix: 16) : nil
    }

    static func base64(_ bytes: ArraySlice<UInt8>) -> [UInt8]? {
        Base64.decode(String(decoding: bytes.filter { $0 > 0x20 }, as: UTF8.self))
    }

    static func word(_ encoding: Substring, _ text: Substring) -> [UInt8]? {
        switch encoding.lowercased() {
        case "b": base64(Array(text.utf8)[...])
        case "q": quotedPrintable(Array(text.utf8)[...], isHeader: true)
        case _: nil
        }
    }
}

/// RFC 2047: `=?UTF-8?B?…?=`
private enum EncodedWords {
    static func decode(_ text: Substring) -> String {
        var decoded = ""
        var rest = text
        var isBehindWord = false
        while let start = rest.range(of: "=?") {
            let gap = rest[..<start.lowerBound]
            let parts = rest[start.upperBound...].split(separator: "?", maxSplits: 3, omittingEmptySubsequences: false)
            guard parts.count == 4, parts[3].hasPrefix("="), let bytes = TransferEncoding.word(parts[1], parts[2])
            else {
                decoded += rest[..<start.upperBound]
                rest = rest[start.upperBound...]
                isBehindWord = false
                continue
            }
            // Blanks between two words are not part of the text.
            if !isBehindWord || !gap.allSatisfy({ $0 == " " || $0 == "\t" }) { decoded += gap }
            decoded += CharacterSetName(String(parts[0])).text(bytes)
            rest = parts[3].dropFirst()
            isBehindWord = true
        }
        return decoded + rest
    }
}

extension Substring {
    fileprivate func range(of token: String) -> Range<Index>? {
        var at = startIndex
        while at < endIndex {
            if self[at...].hasPrefix(token) { return at..<index(at, offsetBy: token.count) }
            at = index(after: at)
        }
        return nil
    }
}

/// UTF-8, and Latin-1 for the names that mean nearly that; everything else is read as UTF-8 with replacement characters.
private struct CharacterSetName {
    private let isLatin1: Bool

    init(_ name: String) {
        isLatin1 = ["iso-8859-1", "latin1", "windows-1252"].contains(name.lowercased())
    }

    func text(_ bytes: [UInt8]) -> String {
        guard isLatin1 else { return String(decoding: bytes, as: UTF8.self) }
        var text = String.UnicodeScalarView()
        for byte in bytes { text.append(Unicode.Scalar(byte)) }
        return String(text)
    }
}
