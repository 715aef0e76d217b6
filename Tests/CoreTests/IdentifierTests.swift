import Core
import Testing

@Suite struct HexIDTests {
    @Test func `is written and read as 32 lower-case digits`() throws {
        let text = "0123456789abcdef00000000000000ff"
        let id = try #require(AppID(text))
        #expect(id.description == text)
        #expect(id.high == 0x0123_4567_89AB_CDEF && id.low == 0xFF)
        #expect(AppID(bytes: id.bytes) == id)
        #expect(AppID(id.value) == id)
        #expect(id.bytes.count == 16 && id.bytes.first == 0x01 && id.bytes.last == 0xFF)
    }

    @Test(arguments: [
        "", "0123456789abcdef00000000000000f", "0123456789abcdef00000000000000fff", "0123456789ABCDEF00000000000000ff",
        "0123456789abcdef00000000000000fg", "01234567-89ab-cdef-0000-0000000000ff", " 123456789abcdef00000000000000ff",
    ])
    func `nothing else is an id`(text: String) {
        #expect(AppID(text) == nil)
    }

    @Test func `sorts as its text`() throws {
        let small = try #require(AppID("00000000000000010000000000000000"))
        let large = try #require(AppID("00000000000000010000000000000001"))
        #expect(small < large && !(large < small))
        #expect(AppID(bytes: [1, 2, 3]) == nil)
    }

    @Test func `random ids have 128 random bits and request ids are version 4 UUIDs`() {
        let environment = Environment(
            now: { Instant(seconds: 0) }, realNow: { Instant(seconds: 0) },
            random: { count in (0..<count).map { UInt8(truncatingIfNeeded: 0xF0 + $0) } },
            log: Logger(minimum: .error) { _, _, _ in }
        )
        let id: AppID = environment.newID()
        #expect(id.description == "f0f1f2f3f4f5f6f7f0f1f2f3f4f5f6f7")
        #expect(environment.newRequestID() == "f0f1f2f3-f4f5-46f7-b8f9-fafbfcfdfeff")
    }
}

@Suite struct HexTests {
    @Test func `bytes go both ways`() {
        let bytes = (0...255).map { UInt8($0) }
        #expect(Hex.decode(Hex.lowercase(bytes)) == bytes)
        #expect(Hex.decode("AbCd") == [0xAB, 0xCD])
        #expect(Hex.decode("") == [])
        #expect(Hex.decode("abc") == nil)
        #expect(Hex.decode("zz") == nil)
    }
}

@Suite struct BackoffTests {
    let backoff = Backoff(base: .milliseconds(100), cap: .seconds(10))

    @Test func `the largest delay doubles with each attempt up to the cap`() {
        func largest(_ attempt: Int) -> Duration {
            let limit = min(10_000_000, 100_000 << Int64(min(attempt, 20)))
            return backoff.delay(attempt: attempt, random: UInt64(limit))
        }
        #expect(largest(0) == .milliseconds(100))
        #expect(largest(1) == .milliseconds(200))
        #expect(largest(6) == .milliseconds(6_400))
        #expect(largest(7) == .seconds(10))
        #expect(largest(1_000_000) == .seconds(10))
    }

    @Test func `delays spread over the whole window and never leave it`() {
        var random = SplitMix(state: 9)
        let delays = (0..<1_000).map { _ in backoff.delay(attempt: 3, random: random.next()) }
        #expect(delays.allSatisfy { $0 >= .zero && $0 <= .milliseconds(800) })
        #expect(delays.contains { $0 < .milliseconds(80) } && delays.contains { $0 > .milliseconds(720) })
    }

    @Test func `odd values do not trap`() {
        #expect(backoff.delay(attempt: -5, random: .max) <= .milliseconds(100))
        #expect(Backoff(base: .zero, cap: .seconds(1)).delay(attempt: 3, random: 7) == .zero)
        #expect(
            Backoff(base: .seconds(86_400), cap: .seconds(90_000)).delay(attempt: 60, random: 90_000_000_000)
                == .seconds(90_000))
    }
}
