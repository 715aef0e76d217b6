package import Core
import Glibc

/// The installation's one secret: 32 bytes in a file, from which every other key is derived by purpose.
///
/// Losing it loses the SigV4 secrets and provider credentials sealed under it; keep it apart from database backups.
package struct MasterKey: Sendable {
    package static let byteCount = 32
    /// First byte of a sealed value: this layout. The next four tell keys apart, for rotation.
    private static let layout: UInt8 = 1

    private let bytes: [UInt8]
    private let sealingKey: [UInt8]
    private let keyID: [UInt8]

    package init(bytes: [UInt8]) throws(Fault) {
        guard bytes.count == Self.byteCount else {
            throw Fault(.configuration, "The master key has \(bytes.count) bytes, not \(Self.byteCount)")
        }
        self.bytes = bytes
        sealingKey = Self.expand(bytes, "seal")
        keyID = Array(Self.expand(bytes, "key-id").prefix(4))
    }

    /// Reads the key. The file must hold exactly 32 bytes and be closed to group and others (mode 600 or 400).
    package init(file path: String) throws(Fault) {
        let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw Fault(
                .configuration, "NEEDLETAIL_MASTER_KEY_FILE: cannot read \(path): \(String(cString: strerror(errno)))")
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw Fault(.configuration, "NEEDLETAIL_MASTER_KEY_FILE: \(path) is not a file")
        }
        guard status.st_mode & 0o077 == 0 else {
            throw Fault(
                .configuration,
                "NEEDLETAIL_MASTER_KEY_FILE: \(path) can be read by others (mode \(String(status.st_mode & 0o777, radix: 8))); run chmod 600 \(path)"
            )
        }
        var bytes = [UInt8](repeating: 0, count: Self.byteCount + 1)
        let count = read(descriptor, &bytes, bytes.count)
        guard count == Self.byteCount else {
            throw Fault(.configuration, "NEEDLETAIL_MASTER_KEY_FILE: \(path) must hold exactly \(Self.byteCount) bytes")
        }
        try self.init(bytes: Array(bytes.prefix(Self.byteCount)))
    }

    /// A 32-byte key for one purpose: HKDF-Expand (RFC 5869) with SHA-256, one block. The master key is uniform, so that the
    /// extract step has nothing to do.
    package func derive(_ purpose: String) -> [UInt8] {
        Self.expand(bytes, purpose)
    }

    private static func expand(_ key: [UInt8], _ purpose: String) -> [UInt8] {
        HMACSHA256.authenticate(Array("needletail/\(purpose)".utf8) + [1], key: key)
    }

    /// Seals a column's value so that it opens at its own place only: `layout ‖ key id ‖ nonce ‖ ciphertext ‖ tag`.
    package func seal(_ plaintext: [UInt8], at place: SealedPlace) throws(Fault) -> [UInt8] {
        [Self.layout] + keyID + (try AESGCM.seal(plaintext, key: sealingKey, aad: place.aad))
    }

    /// Throws `integrity` when the value was changed, moved from another row, or sealed under another key.
    package func open(_ sealed: [UInt8], at place: SealedPlace) throws(Fault) -> [UInt8] {
        guard sealed.first == Self.layout, sealed.count > 5 else {
            throw Fault(.integrity, "\(place.table).\(place.column) holds no sealed value")
        }
        guard constantTimeEquals(Array(sealed[1..<5]), keyID) else {
            throw Fault(.integrity, "\(place.table).\(place.column) was sealed under another master key")
        }
        return try AESGCM.open(Array(sealed.dropFirst(5)), key: sealingKey, aad: place.aad)
    }
}

/// Where a sealed value lives: part of what is authenticated, so that a value copied to another row does not open there.
package struct SealedPlace: Sendable {
    package let table: String
    package let column: String
    package let account: String
    package let id: String

    package init(table: String, column: String, account: String, id: String) {
        self.table = table
        self.column = column
        self.account = account
        self.id = id
    }

    /// Each part with its length, so that no two places share an encoding.
    var aad: [UInt8] {
        [table, column, account, id].flatMap { part in Array("\(part.utf8.count):\(part)|".utf8) }
    }
}
