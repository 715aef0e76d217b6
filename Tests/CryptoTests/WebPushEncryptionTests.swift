import Core
import Testing

@testable import Crypto

/// The example of RFC 8291 §5 and appendix A, with every value on the way.
@Suite struct WebPushEncryptionTests {
    private func bytes(_ text: String) throws -> [UInt8] { try #require(Base64URL.decode(text)) }

    private static let receiver =
        "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"

    @Test func `the standard's example comes out to the byte`() throws {
        let message = try WebPushEncryption(
            receiver: bytes(Self.receiver), secret: bytes("BTBZMqHH6r4Tts7J_aSIgg"))
        let sender = try PrivateKey(p256Scalar: bytes("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"))
        let salt = try bytes("DGv6ra1nlYgDCS1FRnbzlw")
        #expect(
            Base64URL.encode(sender.publicPoint)
                == "BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A8")
        let keys = try WebPushEncryption.Keys(message, sender: sender, salt: salt)
        #expect(Base64URL.encode(keys.agreed) == "kyrL1jIIOHEzg3sM2ZWRHDRB62YACZhhSlknJ672kSs")
        #expect(Base64URL.encode(keys.pseudorandomKey) == "Snr3JMxaHVDXHWJn5wdC52WjpCtd2EIEGBykDcZW32k")
        #expect(Base64URL.encode(keys.inputKey) == "S4lYMb_L0FxCeq0WhDx813KgSYqU26kOyzWUdsXYyrg")
        #expect(Base64URL.encode(keys.saltedKey) == "09_eUZGrsvxChDCGRCdkLiDXrReGOEVeSCdCcPBSJSc")
        #expect(Base64URL.encode(keys.contentKey) == "oIhVW04MRdy2XN9CiKLxTg")
        #expect(Base64URL.encode(keys.nonce) == "4h_95klXJ5E_qnoN")
        let body = try message.seal(
            Array("When I grow up, I want to be a watermelon".utf8), sender: sender, salt: salt)
        #expect(
            Base64URL.encode(body)
                == "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
        )
        // The browser's side of the agreement.
        let browser = try PrivateKey(p256Scalar: bytes("q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94"))
        #expect(Base64URL.encode(browser.publicPoint) == Self.receiver)
        #expect(try browser.agree(with: sender.publicPoint) == keys.agreed)
    }

    @Test func `what does not fit or cannot be a subscription is refused`() throws {
        let (receiver, secret) = (try bytes(Self.receiver), [UInt8](repeating: 1, count: 16))
        #expect(throws: Fault.self) { try WebPushEncryption(receiver: receiver, secret: [1]) }
        #expect(throws: Fault.self) { try WebPushEncryption(receiver: Array(receiver.dropLast()), secret: secret) }
        let message = try WebPushEncryption(receiver: receiver, secret: secret)
        let limit = WebPushEncryption.plaintextLimitBytes
        #expect(try message.seal([UInt8](repeating: 65, count: limit)).count == WebPushEncryption.recordBytes)
        #expect(throws: Fault.self) { try message.seal([UInt8](repeating: 65, count: limit + 1)) }
        #expect(try message.seal([1]) != message.seal([1]), "each has a key pair and a salt of its own")
    }
}
