package import Core
import Crypto

/// A credential of the API, without its secret.
package struct AccessKey: Sendable {
    package let id: String
    package let account: String
    package let kind: Kind
    package let createdAt: Instant
    package let revokedAt: Instant?

    package enum Kind: String, Sendable {
        /// A key pair for AWS SigV4; its secret is sealed, because a signature can only be checked with it.
        case signing = "SIGV4"
        /// A bearer token; only its hash is kept.
        case api = "API"
        /// A publishable token of one app (`WriteKey`); only its hash is kept.
        case write = "WRITE"
    }
}

/// A token of ours: `nt_<id>_<secret>_<crc>`, or `wk_…` for a publishable write key. The id finds the row, the checksum tells a
/// typing error from a wrong key.
package struct APIKey: Sendable, Equatable {
    /// What the token begins with: people and secret scanners can see whether it was meant to be public.
    package enum Form: String, Sendable {
        case api = "nt"
        case write = "wk"
    }

    package let form: Form
    package let id: String
    package let secret: String

    private static let idDigits = 16
    private static let secretDigits = 64

    private init(_ form: Form, id: String, secret: String) {
        self.form = form
        self.id = id
        self.secret = secret
    }

    /// 256 random bits of secret.
    package static func generate(_ form: Form = .api, random: (Int) -> [UInt8]) -> APIKey {
        APIKey(form, id: Hex.lowercase(random(idDigits / 2)), secret: Hex.lowercase(random(secretDigits / 2)))
    }

    /// Nil for anything that was never a key of ours, or has a typing error.
    package init?(_ text: String) {
        let parts = text.split(separator: "_", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 4, let form = Form(rawValue: parts[0]),
            Self.isHex(parts[1], Self.idDigits), Self.isHex(parts[2], Self.secretDigits)
        else { return nil }
        let key = APIKey(form, id: parts[1], secret: parts[2])
        guard key.checksum == parts[3] else { return nil }
        self = key
    }

    /// The token as its owner keeps it. Shown once.
    package var token: String { "\(form.rawValue)_\(id)_\(secret)_\(checksum)" }

    /// The kind of row that such a token must have.
    package var kind: AccessKey.Kind {
        switch form {
        case .api: .api
        case .write: .write
        }
    }

    /// What is stored. A plain hash is enough: the secret has 256 bits.
    package var hash: [UInt8] { SHA256.hash(Array("\(id)_\(secret)".utf8)) }

    private var checksum: String {
        let value = CRC32.checksum("\(id)_\(secret)".utf8)
        return Hex.lowercase([24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) })
    }

    private static func isHex(_ text: String, _ count: Int) -> Bool {
        text.utf8.count == count && text.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    }
}
