import Core
import Crypto

/// Vonage's signature of an SMS API call (https://developer.vonage.com/en/getting-started/concepts/signing-messages), by the method
/// that the account is set to.
package enum VonageSignature: String, Sendable, CaseIterable {
    /// MD5 over text and secret, without HMAC: what old accounts have.
    case md5hash
    case md5
    case sha1
    case sha256
    case sha512

    static let complaint = "must be one of \(allCases.map(\.rawValue).joined(separator: ", "))"

    /// Lower-case hexadecimal. `sig` among the fields is left out.
    package func sign(_ fields: [(name: String, value: String)], secret: [UInt8]) -> String {
        var text: [UInt8] = []
        let sorted = fields.filter { $0.name != "sig" }.sorted {
            $0.name.utf8.lexicographicallyPrecedes($1.name.utf8)
        }
        for (name, value) in sorted {
            text += Array("&\(name)=".utf8)
            text += value.utf8.map { $0 == UInt8(ascii: "&") || $0 == UInt8(ascii: "=") ? UInt8(ascii: "_") : $0 }
        }
        guard let digest = HMACDigest(rawValue: rawValue) else { return Hex.lowercase(MD5.hash(text + secret)) }
        return Hex.lowercase(digest.authenticate(text, key: secret))
    }
}
