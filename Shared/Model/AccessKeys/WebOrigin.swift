/// Origins of web pages (RFC 6454): scheme, host and port.
package enum WebOrigin {
    private static let longest = 255
    private static let defaultPorts = ["http": "80", "https": "443"]

    /// As a browser writes it in `Origin`: lower case, without the scheme's own port. Nil for what is no origin, and for `null`,
    /// which every sandboxed page sends.
    package static func normalized(_ text: String) -> String? {
        let text = text.lowercased()
        guard text.utf8.count <= longest, let mark = text.firstRange(of: "://") else { return nil }
        let (scheme, authority) = (text[..<mark.lowerBound], text[mark.upperBound...])
        guard let first = scheme.utf8.first, (0x61...0x7A).contains(first), scheme.utf8.allSatisfy(isSchemeByte) else {
            return nil
        }
        let isBracketed = authority.hasPrefix("[")
        guard !isBracketed || authority.contains("]") else { return nil }
        let afterHost = isBracketed ? authority.lastIndex(of: "]") ?? authority.endIndex : authority.startIndex
        let colon = authority[afterHost...].firstIndex(of: ":")
        let host = authority[..<(colon ?? authority.endIndex)]
        guard !host.isEmpty, host.utf8.allSatisfy({ isHostByte($0, isBracketed) }) else { return nil }
        guard let colon else { return text }
        let port = authority[authority.index(after: colon)...]
        guard let number = UInt16(port), number > 0, String(number) == port else { return nil }
        return defaultPorts[String(scheme)] == String(port) ? "\(scheme)://\(host)" : text
    }

    private static func isSchemeByte(_ byte: UInt8) -> Bool {
        isAlphanumeric(byte) || byte == 0x2B || byte == 0x2D || byte == 0x2E
    }

    private static func isHostByte(_ byte: UInt8, _ isBracketed: Bool) -> Bool {
        isAlphanumeric(byte) || byte == 0x2D || byte == 0x2E || byte == 0x5F
            || isBracketed && (byte == 0x3A || byte == 0x5B || byte == 0x5D)
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte)
    }
}
