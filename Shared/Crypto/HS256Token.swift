package import Core

/// Signed claims under a shared secret: JWS compact form with HMAC-SHA-256 (RFC 7515, RFC 7518 §3.2).
package enum HS256Token {
    private static let limitBytes = 8 << 10
    private static let limits = JSONLimits(depth: 8, bytes: limitBytes, membersPerObject: 100)

    /// The claims of a token that was signed with `secret` by this algorithm and no other; nil for everything else. What they say of
    /// time is the caller's to check.
    package static func claims(of token: some StringProtocol, secret: [UInt8]) -> JSONObject? {
        guard token.utf8.count <= limitBytes else { return nil }
        let parts = token.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, let header = object(parts[0]), header["alg"]?.string == "HS256", header["crit"] == nil,
            let signature = Base64URL.decode(parts[2])
        else { return nil }
        let expected = HMACSHA256.authenticate(Array("\(parts[0]).\(parts[1])".utf8), key: secret)
        return constantTimeEquals(expected, signature) ? object(parts[1]) : nil
    }

    private static func object(_ part: some StringProtocol) -> JSONObject? {
        guard let bytes = Base64URL.decode(part) else { return nil }
        return (try? JSON.parse(bytes, limits: limits))?.object
    }
}
