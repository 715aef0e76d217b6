import Core
import Runtime

/// A URL that a user gave, in the narrow form in which no two parsers disagree about its host.
///
/// Refusals name what is wrong and never repeat the URL, whose query may hold a secret.
package struct OutboundURL: Sendable, Equatable {
    /// Longest URL, in bytes: what proxies and servers commonly take.
    package static let limitBytes = 2048

    package struct Refusal: Error, Sendable, Equatable, CustomStringConvertible {
        package let description: String

        init(_ description: String) {
            self.description = description
        }
    }

    package let text: String
    /// `http` or `https`.
    package let scheme: String
    /// In lower case, without the brackets of an IPv6 address.
    package let host: String
    package let port: Int

    package init(_ text: String) throws(Refusal) {
        guard text.utf8.count <= Self.limitBytes else {
            throw Refusal("must be at most \(Self.limitBytes) characters")
        }
        guard let mark = text.firstRange(of: "://") else { throw Refusal("must begin with https://") }
        let scheme = text[..<mark.lowerBound].lowercased()
        guard scheme == "https" || scheme == "http" else { throw Refusal("must begin with https://") }
        let rest = text[mark.upperBound...]
        let end = rest.firstIndex { "/?#".contains($0) } ?? rest.endIndex
        guard rest[end...].utf8.allSatisfy(Self.isURIByte), Self.hasWholeTriplets(rest[end...]) else {
            throw Refusal("contains a character that must be percent-encoded")
        }
        (host, port) = try Self.authority(rest[..<end], defaultPort: scheme == "https" ? 443 : 80)
        self.scheme = scheme
        self.text = text
    }

    /// `host`, `host:port`, `[v6]` or `[v6]:port`; nothing before an `@`.
    private static func authority(_ text: Substring, defaultPort: Int) throws(Refusal) -> (String, Int) {
        guard !text.utf8.contains(0x40) else { throw Refusal("must not contain a user name or password") }
        var host = text
        var port: Substring?
        if text.hasPrefix("[") {
            guard let bracket = text.firstIndex(of: "]") else { throw Refusal("must name a host") }
            host = text[text.index(after: text.startIndex)..<bracket]
            let after = text[text.index(after: bracket)...]
            guard IPAddress(host) != nil, after.isEmpty || after.hasPrefix(":") else {
                throw Refusal("must name a host")
            }
            if !after.isEmpty { port = after.dropFirst() }
        } else {
            if let colon = text.firstIndex(of: ":") {
                host = text[..<colon]
                port = text[text.index(after: colon)...]
            }
            let isHost = host.utf8.allSatisfy { byte in
                (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte | 0x20) || byte == 0x2D || byte == 0x2E
                    || byte == 0x5F
            }
            guard isHost, (1...253).contains(host.utf8.count), !host.hasPrefix(".") else {
                throw Refusal("must name a host")
            }
        }
        guard let port else { return (host.lowercased(), defaultPort) }
        guard (1...5).contains(port.utf8.count), port.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            let number = Int(port), (1...65_535).contains(number)
        else { throw Refusal("must have a port from 1 to 65535") }
        return (host.lowercased(), number)
    }

    /// RFC 3986: unreserved, reserved without brackets, and `%`.
    private static func isURIByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        case _: "-._~:/?#@!$&'()*+,;=%".utf8.contains(byte)
        }
    }

    private static func hasWholeTriplets(_ text: Substring) -> Bool {
        let parts = text.utf8.split(separator: 0x25, omittingEmptySubsequences: false).dropFirst()
        return parts.allSatisfy { part in
            part.count >= 2
                && part.prefix(2).allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0 | 0x20) }
        }
    }
}
