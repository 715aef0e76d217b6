/// One request, whole: the handler runs after the last byte of the body.
package struct HTTPRequest: Sendable {
    /// As sent: a token, upper-case by custom.
    package var method: String
    /// The request target exactly as it stood in the request line.
    package var target: String
    /// Path of the target, not decoded, starting with `/` (or `*` for `OPTIONS *`). What SigV4 and the router work on.
    package var rawPath: String
    /// After the first `?`, not decoded; empty when there is none.
    package var rawQuery: String
    package var headers: HTTPHeaders
    package var body: [UInt8]
    /// The peer's numeric address without a port; `unix:` on a Unix socket. Behind a gateway this is the gateway.
    package var remoteAddress: String

    /// `target` may be origin-form (`/path?query`), absolute-form (`http://host/path?query`) or `*`.
    package init(
        method: String,
        target: String,
        headers: HTTPHeaders = [:],
        body: [UInt8] = [],
        remoteAddress: String = "unix:"
    ) {
        self.method = method
        self.target = target
        self.headers = headers
        self.body = body
        self.remoteAddress = remoteAddress
        (rawPath, rawQuery) = Self.split(target)
    }

    private static func split(_ target: String) -> (path: String, query: String) {
        var rest = target[...]
        if !target.utf8.starts(with: "/".utf8), let scheme = rest.range(ofScheme: "://") {
            let authority = rest[scheme...]
            rest = authority[(authority.firstIndex { $0 == "/" || $0 == "?" } ?? authority.endIndex)...]
        }
        guard let mark = rest.utf8.firstIndex(of: 0x3F) else {
            return (rest.isEmpty ? "/" : String(rest), "")
        }
        let path = rest[..<mark]
        return (path.isEmpty ? "/" : String(path), String(rest[rest.utf8.index(after: mark)...]))
    }

    /// The path's segments, not decoded: `/v1/apps/a%2Fb` has three. A trailing slash makes a last, empty one.
    package var rawSegments: [Substring] {
        guard rawPath.utf8.first == 0x2F else { return [rawPath[...]] }
        return rawPath.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
    }

    /// Name and value of each query parameter in order, decoded; a name without `=` has the value "". `nil` when
    /// one of them is not valid percent-encoded UTF-8 or contains NUL.
    package var queryItems: [(name: String, value: String)]? {
        var items: [(name: String, value: String)] = []
        for part in rawQuery.split(separator: "&") {
            let mark = part.utf8.firstIndex(of: 0x3D) ?? part.endIndex
            guard let name = PercentEncoding.decode(part[..<mark]),
                let value = PercentEncoding.decode(mark == part.endIndex ? "" : part[part.utf8.index(after: mark)...])
            else { return nil }
            items.append((name: name, value: value))
        }
        return items
    }
}

extension Substring {
    /// The index after the first `mark`, when it stands in front of any slash of a path.
    fileprivate func range(ofScheme mark: String) -> Index? {
        guard let colon = utf8.firstIndex(of: 0x3A), self[colon...].utf8.starts(with: mark.utf8) else { return nil }
        return utf8.index(colon, offsetBy: mark.utf8.count)
    }
}
