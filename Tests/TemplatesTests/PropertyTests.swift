import Core
import Templates
import Testing

/// SplitMix64: the same numbers on every run.
private struct SeededNumbers {
    var state: UInt64

    mutating func next(_ bound: Int) -> Int {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
        return Int((z ^ z >> 31) % UInt64(bound))
    }
}

@Suite struct PropertyTests {
    @Test func `text without tags renders to itself`() throws {
        let pieces = ["a", "é", "\n", "\r\n", " ", "{", "}", "}}", "\\", "<b>", "&", "\"", "🪶", "~", "{ {", "\0", "\t"]
        var numbers = SeededNumbers(state: 1)
        for _ in 0..<2000 {
            let text = (0..<numbers.next(40)).map { _ in pieces[numbers.next(pieces.count)] }.joined()
            guard !text.contains("{{") else { continue }
            #expect(try render(text) == text)
        }
    }

    @Test func `escaped values never carry a character that HTML gives a meaning`() throws {
        var numbers = SeededNumbers(state: 2)
        for _ in 0..<500 {
            let text = String(
                String.UnicodeScalarView((0..<20).compactMap { _ in Unicode.Scalar(UInt32(numbers.next(0x250))) }))
            let printed = try render("{{a}}", ["a": .string(text)])
            #expect(!printed.contains { "<>\"'`=".contains($0) })
        }
    }

    /// Damaged templates either compile or are refused, and whatever compiles ends: no trap, no endless loop.
    @Test(.timeLimit(.minutes(1))) func `damaged templates never crash the engine`() {
        let seeds =
            LanguageTests.blocks + LanguageTests.partials + LanguageTests.whitespace + HelperTests.texts
            + HelperTests.dates + HelperTests.numbers
        let fragments = [
            "{{", "}}", "{{{", "}}}", "{{~", "~}}", "{{#if a}}", "{{/if}}", "{{else}}", "{{#each a}}", "{{/each}}",
            "{{> p}}", "{{#*inline \"p\"}}", "{{/inline}}", "(", ")", "|", " as |x|", "\"", "'", "[", "]", "..", ".",
            "/", "@",
            "=", "\\", "\n", "\u{0}", "{{{{", "99999999999999999999", "-", "{{!--", "--}}", "{{@partial-block}}", "é",
        ]
        var numbers = SeededNumbers(state: 3)
        let clock = ContinuousClock()
        let end = clock.now + .seconds(2)
        var rounds = 0
        while rounds < 20_000, clock.now < end {
            rounds += 1
            let seed = seeds[numbers.next(seeds.count)]
            var bytes = Array(seed.source.utf8)
            for _ in 0...numbers.next(4) {
                let place = numbers.next(bytes.count + 1)
                switch numbers.next(3) {
                case 0 where place < bytes.count: bytes[place] = UInt8(numbers.next(256))
                case 1 where place < bytes.count:
                    bytes.removeSubrange(place..<min(bytes.count, place + 1 + numbers.next(6)))
                default: bytes.insert(contentsOf: fragments[numbers.next(fragments.count)].utf8, at: place)
                }
            }
            _ = fault(String(decoding: bytes, as: UTF8.self), seed.data)
        }
        #expect(rounds > 100)
    }
}
