import Crypto
import TestKit
import Testing

@Suite struct Base64Tests {
    /// RFC 4648 §10.
    @Test(arguments: [
        ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("foobar", "Zm9vYmFy"),
    ])
    func `RFC 4648's examples come out both ways`(plain: String, encoded: String) {
        #expect(Base64.encode(Array(plain.utf8)) == encoded)
        #expect(Base64.decode(encoded) == Array(plain.utf8))
        let bare = encoded.filter { $0 != "=" }
        #expect(Base64URL.encode(Array(plain.utf8)) == bare)
        #expect(Base64URL.decode(bare) == Array(plain.utf8))
    }

    @Test func `mail gets lines of 76 characters`() {
        for count in [0, 1, 56, 57, 58, 114, 200] {
            let source = (0..<count).map { UInt8(truncatingIfNeeded: $0 * 7) }
            var text: [UInt8] = [0x21]
            Base64.appendLines(source, to: &text)
            let lines = String(decoding: text.dropFirst(), as: UTF8.self).split(separator: "\r\n")
            #expect(lines.dropLast().allSatisfy { $0.count == 76 })
            #expect((lines.last?.count ?? 0) <= 76)
            #expect(lines.count == (count + 56) / 57)
            #expect(Base64.decode(lines.joined()) == source)
            #expect(count == 0 || text.suffix(2) == [0x0D, 0x0A])
        }
    }

    @Test func `the URL form uses dash and underscore`() {
        #expect(Base64URL.encode([0xFB, 0xFF, 0xFE]) == "-__-")
        #expect(Base64.encode([0xFB, 0xFF, 0xFE] as [UInt8]) == "+//+")
    }

    @Test(arguments: ["A", "Zg=", "Zg", "Z===", "Zm9v\n", "Zm 9v", "Zh==", "Zm9=", "====", "-__-"])
    func `what is no strict Base64 is refused`(text: String) {
        #expect(Base64.decode(text) == nil)
    }

    @Test(arguments: ["A", "Zg==", "Zh", "Zm9v=", "+//+", "Zm 9v", "Zé"])
    func `what is no strict Base64URL is refused`(text: String) {
        #expect(Base64URL.decode(text) == nil)
    }

    @Test func `random bytes of every length come back`() {
        let random = SeededRandom(seed: 3)
        for length in 0..<100 {
            let bytes = random.bytes(length)
            #expect(Base64URL.decode(Base64URL.encode(bytes)) == bytes)
            #expect(Base64.decode(Base64.encode(bytes)) == bytes)
        }
    }
}
