import Core
import Crypto
import Model
import Testing

@Suite struct TrackingLinkTests {
    private static let link = TrackingLink(
        kind: .open, app: AppID(0x0123_4567_89AB_CDEF_0123_4567_89AB_CDEF), run: RunID(high: 7, low: .max), chunk: 12,
        ordinal: 499, endpointKey: -5_000_000_000, treatment: 3)

    private func tokens(_ byte: UInt8 = 7) throws -> TrackingTokens {
        TrackingTokens(masterKey: try MasterKey(bytes: [UInt8](repeating: byte, count: 32)))
    }

    @Test(
        arguments: [
            .open, .unsubscribe, .click(target: "https://shop.example/a?b=ä&c=%20#d"), .click(target: ""),
            .click(target: String(repeating: "x", count: TrackingTokens.targetLimitBytes)),
        ] as [TrackingLink.Kind])
    func `a token gives back the link it was made of`(kind: TrackingLink.Kind) throws {
        let link = Self.link.with(kind: kind)
        let token = try #require(try tokens().mint(link))
        #expect(try tokens().verify(token) == link)
        #expect(token.utf8.count <= TrackingTokens.tokenLimitBytes)
        #expect(
            token.utf8.allSatisfy {
                (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0) || $0 == 0x2D
                    || $0 == 0x5F
            })
    }

    @Test func `extreme values come back`() throws {
        let link = TrackingLink(
            kind: .open, app: AppID(0), run: RunID(.max), chunk: .max, ordinal: .min, endpointKey: .min, treatment: -1)
        let token = try #require(try tokens().mint(link))
        #expect(try tokens().verify(token) == link)
    }

    @Test func `a target that is too long gets no token`() throws {
        let long = String(repeating: "x", count: TrackingTokens.targetLimitBytes + 1)
        #expect(try tokens().mint(Self.link.with(kind: .click(target: long))) == nil)
    }

    @Test func `a token with any character changed, added or removed is refused`() throws {
        let tokens = try tokens()
        let token = try #require(tokens.mint(Self.link.with(kind: .click(target: "https://shop.example/"))))
        let characters = Array(token.utf8)
        for index in characters.indices {
            for other in [0x41, 0x62, 0x39, 0x5F] as [UInt8] where other != characters[index] {
                var changed = characters
                changed[index] = other
                #expect(tokens.verify(String(decoding: changed, as: UTF8.self)) == nil)
            }
            var shorter = characters
            shorter.remove(at: index)
            #expect(tokens.verify(String(decoding: shorter, as: UTF8.self)) == nil)
        }
        #expect(tokens.verify(token + "A") == nil)
        #expect(tokens.verify(token + "=") == nil)
    }

    @Test func `another key's token is refused`() throws {
        let token = try #require(try tokens(8).mint(Self.link))
        #expect(try tokens().verify(token) == nil)
    }

    @Test(arguments: ["", "A", "....", String(repeating: "A", count: 90), String(repeating: "A", count: 1 << 20)])
    func `what was never a token is refused`(text: String) throws {
        #expect(try tokens().verify(text) == nil)
    }

    @Test func `links stand where the gateway routes them`() {
        #expect(TrackingURL.open("T", publicURL: "https://m.example") == "https://m.example/t/o/T.gif")
        #expect(TrackingURL.click("T", publicURL: "https://m.example") == "https://m.example/t/c/T")
        #expect(TrackingURL.unsubscribe("T", publicURL: "https://m.example") == "https://m.example/u/T")
    }
}
