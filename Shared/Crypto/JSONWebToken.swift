package import Core

/// Signed tokens in the compact form of RFC 7515: `header.claims.signature`, each base64url.
package enum JSONWebToken {
    /// `alg` comes from the key: ES256 or RS256. `header` holds what else it needs, such as `kid`.
    package static func sign(
        _ claims: JSONObject, header: JSONObject = [:], with key: PrivateKey
    ) throws(Fault) -> String {
        var header = header
        header["alg"] = key.kind == .p256 ? "ES256" : "RS256"
        let input =
            Base64URL.encode(JSON.object(header).serialized) + "." + Base64URL.encode(JSON.object(claims).serialized)
        return input + "." + Base64URL.encode(try key.sign(Array(input.utf8)))
    }
}
