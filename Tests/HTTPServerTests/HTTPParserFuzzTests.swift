import EventLoop
import Testing

@testable import HTTPServer

@Suite struct HTTPParserFuzzTests {
    private static let seeds =
        HTTPParserTests.accepted.map { Array($0.text.utf8) }
        + MalformedRequest.all.map(\.bytes).filter { $0.count < 2000 }
    private static let spice: [[UInt8]] = [
        "\r\n", "\n", "\r", "\0", ":", " ", "\t", ";", ",", "0\r\n\r\n", "Content-Length: 9\r\n",
        "Transfer-Encoding: chunked\r\n",
        "Host: a\r\n", "FFFFFFFF\r\n", "HTTP/1.1", "%00", "\u{FF}",
    ].map { Array($0.utf8) }

    /// Whatever comes, in whatever pieces: no trap, no body over its limit, and the same verdict as in one piece.
    @Test func `mutated requests never break the parser`() {
        var random = SeededGenerator(state: 20_261_122)
        let end = MonotonicClock.now() + 2_000_000
        var rounds = 0
        while MonotonicClock.now() < end || rounds < 2000 {
            rounds += 1
            var bytes = Self.seeds[Int.random(in: 0..<Self.seeds.count, using: &random)]
            if Bool.random(using: &random) { bytes += Self.seeds[Int.random(in: 0..<Self.seeds.count, using: &random)] }
            for _ in 0..<Int.random(in: 1...6, using: &random) { Self.mutate(&bytes, &random) }
            let limit = Int.random(in: 0...12, using: &random)
            let whole = parse([bytes], bodyLimit: limit)
            let cut = parse(Self.pieces(bytes, &random), bodyLimit: limit)
            #expect(whole.largestBody <= limit && cut.largestBody <= limit)
            #expect(whole.requests == cut.requests && whole.fault?.status == cut.fault?.status, "\(bytes)")
        }
        #expect(rounds >= 2000)
    }

    private static func mutate(_ bytes: inout [UInt8], _ random: inout SeededGenerator) {
        guard !bytes.isEmpty else { return }
        let index = Int.random(in: 0..<bytes.count, using: &random)
        switch Int.random(in: 0..<6, using: &random) {
        case 0: bytes[index] = UInt8.random(in: 0...255, using: &random)
        case 1: bytes[index] ^= 1 << UInt8.random(in: 0..<8, using: &random)
        case 2: bytes.remove(at: index)
        case 3: bytes.insert(contentsOf: spice[Int.random(in: 0..<spice.count, using: &random)], at: index)
        case 4: bytes.insert(contentsOf: bytes[index..<min(bytes.count, index + 20)], at: index)
        default: bytes.removeSubrange(index..<min(bytes.count, index + 8))
        }
    }

    private static func pieces(_ bytes: [UInt8], _ random: inout SeededGenerator) -> [[UInt8]] {
        var pieces: [[UInt8]] = []
        var start = 0
        while start < bytes.count {
            let end = min(bytes.count, start + Int.random(in: 1...40, using: &random))
            pieces.append(Array(bytes[start..<end]))
            start = end
        }
        return pieces
    }
}
