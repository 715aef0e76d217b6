import Core
import Crypto
import Glibc
import TestKit
import Testing

@Suite struct SealingTests {
    private let key = [UInt8](repeating: 7, count: 32)

    /// McGrew & Viega, "The Galois/Counter Mode of Operation", cases 14 and 16.
    @Test(arguments: [
        (
            String(repeating: "00", count: 32), String(repeating: "00", count: 12), String(repeating: "00", count: 16),
            "",
            "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919"
        ),
        (
            "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308", "cafebabefacedbaddecaf888",
            "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
            "feedfacedeadbeeffeedfacedeadbeefabaddad2",
            "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662"
                + "76fc6ece0f4e1768cddf8853bb2d551b"
        ),
    ])
    func `AES-256-GCM of the published cases comes out`(
        key: String, nonce: String, plain: String, aad: String, sealed: String
    ) throws {
        let parts = try [key, nonce, plain, aad].map { try #require(Hex.decode($0)) }
        let result = try AESGCM.seal(parts[2], key: parts[0], aad: parts[3], nonce: parts[1])
        #expect(Hex.lowercase(result) == nonce + sealed)
        #expect(try AESGCM.open(result, key: parts[0], aad: parts[3]) == parts[2])
    }

    @Test func `any changed byte, other AAD, another key and a cut value do not open`() throws {
        let sealed = try AESGCM.seal(Array("secret".utf8), key: key, aad: [1])
        for index in sealed.indices {
            var changed = sealed
            changed[index] ^= 1
            #expect(throws: Fault.self) { try AESGCM.open(changed, key: key, aad: [1]) }
        }
        #expect(throws: Fault.self) { try AESGCM.open(sealed, key: key, aad: [2]) }
        #expect(throws: Fault.self) { try AESGCM.open(sealed, key: [UInt8](repeating: 8, count: 32), aad: [1]) }
        #expect(throws: Fault.self) { try AESGCM.open(Array(sealed.prefix(20)), key: key, aad: [1]) }
        #expect(throws: Fault.self) { try AESGCM.open([], key: key, aad: [1]) }
    }

    @Test func `the same value never seals to the same bytes`() throws {
        #expect(try AESGCM.seal([1], key: key, aad: []) != AESGCM.seal([1], key: key, aad: []))
    }

    @Test func `a sealed column opens at its own row only`() throws {
        let master = try MasterKey(bytes: key)
        let place = SealedPlace(table: "access_keys", column: "secret_sealed", account: "1", id: "a")
        let sealed = try master.seal(Array("s3cret".utf8), at: place)
        #expect(try master.open(sealed, at: place) == Array("s3cret".utf8))
        for other in [
            SealedPlace(table: "access_keys", column: "secret_sealed", account: "1", id: "b"),
            SealedPlace(table: "access_keys", column: "secret_sealed", account: "2", id: "a"),
            SealedPlace(table: "access_keys", column: "secrets", account: "1", id: "a"),
            SealedPlace(table: "channels", column: "secret_sealed", account: "1", id: "a"),
        ] {
            #expect(throws: Fault.self) { try master.open(sealed, at: other) }
        }
        let stranger = try MasterKey(bytes: [UInt8](repeating: 9, count: 32))
        let fault = #expect(throws: Fault.self) { try stranger.open(sealed, at: place) }
        #expect(fault?.publicMessage == "access_keys.secret_sealed was sealed under another master key")
    }

    @Test func `derived keys differ by purpose and stay the same over versions`() throws {
        let master = try MasterKey(bytes: key)
        #expect(master.derive("tracking") != master.derive("suppression"))
        // HMAC-SHA-256 of "needletail/tracking" and a byte of 1 under 32 bytes of 7; recomputed with Python's hmac.
        #expect(
            Hex.lowercase(master.derive("tracking"))
                == "5ed50de6a403b6239031848501347aae6e6a608dba1b09ee7423cbc1c3ca9053")
    }
}

@Suite struct MasterKeyFileTests {
    /// Makes the file, gives its path to `body`, and removes it.
    private func withFile(_ bytes: [UInt8], mode: mode_t, _ body: (String) throws -> Void) throws {
        let path = "/tmp/needletail-key-\(getpid())-\(Hex.lowercase(SecureRandom.bytes(8)))"
        let descriptor = open(path, O_CREAT | O_EXCL | O_WRONLY, 0o600)
        try #require(descriptor >= 0)
        defer { unlink(path) }
        _ = write(descriptor, bytes, bytes.count)
        fchmod(descriptor, mode)
        close(descriptor)
        try body(path)
    }

    @Test(arguments: [0o600, 0o400] as [mode_t])
    func `a file of 32 bytes for its owner only is taken`(mode: mode_t) throws {
        try withFile([UInt8](repeating: 7, count: 32), mode: mode) { path in
            let expected = try MasterKey(bytes: [UInt8](repeating: 7, count: 32)).derive("x")
            #expect(try MasterKey(file: path).derive("x") == expected)
        }
    }

    @Test(arguments: [0o644, 0o640, 0o604, 0o660] as [mode_t])
    func `a file that others can read is refused with the remedy`(mode: mode_t) throws {
        try withFile([UInt8](repeating: 7, count: 32), mode: mode) { path in
            let fault = #expect(throws: Fault.self) { try MasterKey(file: path) }
            #expect(fault?.publicMessage.contains("chmod 600") == true)
        }
    }

    @Test(arguments: [0, 31, 33, 64])
    func `a key of another length is refused`(count: Int) throws {
        try withFile([UInt8](repeating: 7, count: count), mode: 0o600) { path in
            let fault = #expect(throws: Fault.self) { try MasterKey(file: path) }
            #expect(fault?.publicMessage.contains("exactly 32 bytes") == true)
        }
    }

    @Test func `a file that is missing is named`() {
        let fault = #expect(throws: Fault.self) { try MasterKey(file: "/nonexistent/key") }
        #expect(
            fault?.publicMessage
                == "NEEDLETAIL_MASTER_KEY_FILE: cannot read /nonexistent/key: No such file or directory")
    }
}
