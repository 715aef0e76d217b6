import Compression
import Crypto
import Testing

@Suite struct GzipTests {
    /// `{"a":1}` by Python's gzip.
    private static let small: [UInt8] = [
        0x1F, 0x8B, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xFF, 0xAB, 0x56, 0x4A, 0x54, 0xB2, 0x32, 0xAC, 0x05,
        0x00,
        0xAF, 0xAC, 0x1B, 0x56, 0x07, 0x00, 0x00, 0x00,
    ]
    private static let text = Array("{\"a\":1}".utf8)
    private static let header: [UInt8] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3]

    /// Gzip of `text` in one stored block.
    private static func stored(_ text: [UInt8]) -> [UInt8] {
        let count = UInt16(text.count)
        let block = [1, UInt8(count & 255), UInt8(count >> 8), UInt8(~count & 255), UInt8(~count >> 8)] + text
        let checksum = CRC32.checksum(text)
        let trailer = [checksum, UInt32(text.count)].flatMap { word in
            (0..<4).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) }
        }
        return header + block + trailer
    }

    /// A gzip that makes 258 bytes of every 13 bits: one literal, then matches of the greatest length, in the fixed code.
    private static func bomb(bytes: Int) -> [UInt8] {
        var (output, word, count) = (header, UInt32(0), 0)
        func append(_ bits: UInt32, _ length: Int) {
            word |= bits << count
            count += length
            while count >= 8 {
                output.append(UInt8(truncatingIfNeeded: word))
                word >>= 8
                count -= 8
            }
        }
        append(0b011, 3)
        // Codes are packed from their most significant bit: literal 0 is 00110000, length 258 is 11000101, distance 1 is 00000.
        append(0b0000_1100, 8)
        while output.count < bytes { append(0b0_0000_1010_0011, 13) }
        return output
    }

    @Test func `what gzip packed is unpacked`() throws {
        #expect(try Gzip.unpack(Self.small, limitBytes: 100) == Self.text)
        let long = (0..<60_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        #expect(try Gzip.unpack(Self.stored(long), limitBytes: 60_000) == long)
    }

    @Test func `two members in a row are one text`() throws {
        #expect(try Gzip.unpack(Self.small + Self.stored([0x20]), limitBytes: 100) == Self.text + [0x20])
    }

    @Test func `the limit is exact, and holds for members together`() throws {
        #expect(try Gzip.unpack(Self.small, limitBytes: Self.text.count) == Self.text)
        #expect(throws: Gzip.Refusal.tooLarge) { try Gzip.unpack(Self.small, limitBytes: Self.text.count - 1) }
        #expect(throws: Gzip.Refusal.tooLarge) { try Gzip.unpack(Self.small + Self.small, limitBytes: 13) }
    }

    @Test func `every cut and every changed byte is noticed`() {
        for length in 0..<Self.small.count {
            #expect(throws: Gzip.Refusal.corrupt) { try Gzip.unpack(Array(Self.small[..<length]), limitBytes: 100) }
        }
        // The header's time, flags of the system and the like may differ.
        for index in Self.small.indices where !(4..<10).contains(index) {
            var changed = Self.small
            changed[index] ^= 0x5A
            #expect(throws: Gzip.Refusal.self) { try Gzip.unpack(changed, limitBytes: 100) }
        }
    }

    @Test(arguments: [[0], Array("garbage".utf8), [0x1F, 0x8B]])
    func `what follows the last member is refused`(garbage: [UInt8]) {
        #expect(throws: Gzip.Refusal.corrupt) { try Gzip.unpack(Self.small + garbage, limitBytes: 100) }
    }

    @Test(arguments: ["", "{}", "plain text that is no gzip at all"])
    func `what is no gzip is refused`(text: String) {
        #expect(throws: Gzip.Refusal.corrupt) { try Gzip.unpack(Array(text.utf8), limitBytes: 100) }
    }

    @Test func `a bomb of 600 MB in 4 MB ends at the limit`() {
        let bomb = Self.bomb(bytes: 4 << 20)
        #expect(throws: Gzip.Refusal.tooLarge) { try Gzip.unpack(bomb, limitBytes: 4 << 20) }
        #expect(throws: Gzip.Refusal.tooLarge) { try Gzip.unpack(bomb, limitBytes: 1) }
    }
}
