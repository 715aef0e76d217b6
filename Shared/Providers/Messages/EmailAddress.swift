/// A syntactically valid mailbox `local@domain`: the subset of RFC 5321 that real mail uses (no quoted local parts, no
/// address literals, no comments). Its text forms are masked; `rawValue` is explicit, so that no log shows an address.
package struct EmailAddress: Hashable, Sendable, CustomStringConvertible, CustomDebugStringConvertible {
    package let rawValue: String

    /// Nil when the text is not a mailbox we can send to.
    package init?(_ text: some StringProtocol) {
        let text = String(text)
        guard Self.isValid(Array(text.utf8)), text.unicodeScalars.allSatisfy(Self.isVisible) else { return nil }
        rawValue = text
    }

    /// Local part or domain outside ASCII: only servers with SMTPUTF8 take it.
    package var needsSMTPUTF8: Bool { rawValue.utf8.contains { $0 >= 0x80 } }

    package var domain: Substring {
        rawValue.lastIndex(of: "@").map { rawValue[rawValue.index(after: $0)...] } ?? ""
    }

    /// `j***@example.com`
    package var description: String { "\(rawValue.prefix(1))***@\(domain)" }
    package var debugDescription: String { description }

    private static func isValid(_ bytes: [UInt8]) -> Bool {
        guard bytes.count <= 254, let at = bytes.lastIndex(of: 0x40) else { return false }
        let local = bytes[..<at]
        let domain = bytes[(at + 1)...]
        guard (1...64).contains(local.count), (1...253).contains(domain.count) else { return false }
        return isDotAtom(local) && domain.split(separator: 0x2E, omittingEmptySubsequences: false).allSatisfy(isLabel)
    }

    /// No separators, controls or invisible marks (bidi, joiners) outside ASCII: they break headers or disguise names.
    private static func isVisible(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.isASCII { return true }
        return switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .spaceSeparator, .privateUse, .surrogate,
            .unassigned:
            false
        case _: true
        }
    }

    private static func isDotAtom(_ bytes: ArraySlice<UInt8>) -> Bool {
        bytes.split(separator: 0x2E, omittingEmptySubsequences: false).allSatisfy { atom in
            !atom.isEmpty && atom.allSatisfy { isAtomByte($0) }
        }
    }

    private static func isAtomByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x80...0xFF: true
        case _: "!#$%&'*+-/=?^_`{|}~".utf8.contains(byte)
        }
    }

    private static func isLabel(_ bytes: ArraySlice<UInt8>) -> Bool {
        guard (1...63).contains(bytes.count), bytes.first != 0x2D, bytes.last != 0x2D else { return false }
        return bytes.allSatisfy { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x80...0xFF, 0x2D: true
            case _: false
            }
        }
    }
}

/// A mailbox with the name people see: `Aki Tanaka <aki@example.com>`.
package struct EmailMailbox: Hashable, Sendable {
    package var name: String?
    package var address: EmailAddress

    package init(name: String? = nil, address: EmailAddress) {
        self.name = name
        self.address = address
    }

    /// Reads `a@b`, `<a@b>`, `Name <a@b>` and `"Name, Inc." <a@b>`; nil for anything else.
    package init?(_ text: String) {
        let trimmed = text.trimmingSpaces
        guard trimmed.last == ">", let open = trimmed.lastIndex(of: "<") else {
            guard let address = EmailAddress(trimmed) else { return nil }
            self.init(address: address)
            return
        }
        guard let address = EmailAddress(trimmed[trimmed.index(after: open)..<trimmed.index(before: trimmed.endIndex)])
        else {
            return nil
        }
        var name = trimmed[..<open].trimmingSpaces
        if name.count >= 2, name.first == "\"", name.last == "\"" {
            name = Self.unquoted(name.dropFirst().dropLast())[...]
        }
        self.init(name: name.isEmpty ? nil : String(name), address: address)
    }

    private static func unquoted(_ text: Substring) -> String {
        var result = ""
        var escaped = false
        for character in text {
            if character == "\\" && !escaped {
                escaped = true
            } else {
                result.append(character)
                escaped = false
            }
        }
        return result
    }
}

extension StringProtocol {
    fileprivate var trimmingSpaces: Substring {
        var rest = Substring(self)
        while let first = rest.first, first == " " || first == "\t" { rest.removeFirst() }
        while let last = rest.last, last == " " || last == "\t" { rest.removeLast() }
        return rest
    }
}
