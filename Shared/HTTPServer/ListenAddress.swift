/// Where a server listens: `unix:/run/needletail/ingest.sock`, `127.0.0.1:8080`, `[::1]:8080`; port 0 takes a free one.
package enum ListenAddress: Hashable, Sendable, CustomStringConvertible {
    case unix(String)
    /// A numeric address (names are not resolved) and a port.
    case tcp(host: String, port: UInt16)

    package init?(_ text: String) {
        if text.hasPrefix("unix:") {
            let path = String(text.dropFirst(5))
            guard path.hasPrefix("/") else { return nil }
            self = .unix(path)
            return
        }
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else {
            return nil
        }
        var host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
        } else if host.contains(":") {
            return nil
        }
        guard !host.isEmpty else { return nil }
        self = .tcp(host: host == "localhost" ? "127.0.0.1" : String(host), port: port)
    }

    package var description: String {
        switch self {
        case .unix(let path): "unix:\(path)"
        case .tcp(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        }
    }
}
