import Core
import Crypto
import EventLoop
import HTTPClient
import Model
import TestKit
import Testing

@testable import Providers

/// Messages signed with a certificate made for the purpose (`openssl dgst`), in both versions of the signature.
@Suite struct SNSTests {
    static let topic = "arn:aws:sns:us-east-1:123456789012:ses"
    /// The certificate is valid from 2026-11-22 on, the messages are of 2026-01-02: their age is not what is tested with them.
    static let certificateTime = Instant(seconds: 1_795_400_000)

    static func messages() throws -> [JSON] { try MailFixtures.json("sns/messages.json").array ?? [] }

    /// What is asked for, and what comes.
    final class Web: Sendable {
        private let asked = Locked<[String]>([])
        let status: Int
        let body: [UInt8]

        init(status: Int = 200, body: [UInt8]) {
            self.status = status
            self.body = body
        }

        var urls: [String] { asked.value }

        @Sendable func fetch(_ url: String) async throws(ClientFault) -> ClientResponse {
            asked.change { $0.append(url) }
            return ClientResponse(status: status, headers: [], body: body, httpVersion: "1.1")
        }
    }

    private func refusal(
        _ body: [UInt8], topics: Set<String> = [SNSTests.topic], web: Web? = nil, at now: Instant = MailFixtures.now,
        headers: [(name: String, value: String)] = []
    ) async throws -> InboundRefusal? {
        let web = try web ?? Web(body: MailFixtures.bytes("sns/cert.pem"))
        let receiver = SNSReceiver(topics: topics, base: nil, certificates: SNSCertificates(), fetch: web.fetch)
        do throws(InboundRefusal) {
            try await receiver.verify(MailFixtures.call(body, what: "sns", headers: headers, at: now))
            return nil
        } catch {
            return error
        }
    }

    @Test func `both versions of the signature hold, with and without a subject, and for confirmations`() throws {
        let key = try #require(
            PublicKey(certificate: MailFixtures.bytes("sns/cert.pem"), validAt: Self.certificateTime))
        let messages = try Self.messages()
        #expect(messages.count == 5)
        for json in messages {
            let envelope = try SNSEnvelope(json.serialized)
            let signature = try #require(Base64.decode(envelope.signature))
            let (right, wrong): (PublicKey.Hash, PublicKey.Hash) =
                envelope.signatureVersion == "1" ? (.sha1, .sha256) : (.sha256, .sha1)
            let text = Array(envelope.stringToSign.utf8)
            #expect(key.verifies(signature, of: text, hash: right))
            #expect(!key.verifies(signature, of: text, hash: wrong))
            #expect(!key.verifies(signature, of: text + [0x0A], hash: right))
            #expect(!key.verifies([], of: text, hash: right))
        }
    }

    @Test func `a certificate holds only while it is valid`() throws {
        let pem = try MailFixtures.bytes("sns/cert.pem")
        #expect(PublicKey(certificate: pem, validAt: MailFixtures.now) == nil)
        #expect(PublicKey(certificate: pem, validAt: Instant(seconds: 2_200_000_000)) == nil)
        #expect(PublicKey(certificate: Array("nothing".utf8), validAt: Self.certificateTime) == nil)
    }

    @Test func `a message is believed only of a registered topic, in time, signed, and with SNS's certificate`()
        async throws
    {
        let web = try Web(body: MailFixtures.bytes("sns/cert.pem"))
        let message = try #require(try Self.messages().first?.object)
        #expect(
            try await refusal(JSON.object(message).serialized, topics: [])
                == .untrusted("the topic is not among the provider's Topics"))
        #expect(
            try await refusal(JSON.object(message).serialized, at: MailFixtures.now + .seconds(3700))
                == .untrusted("the message is older than an hour, or from the future"))
        #expect(
            try await refusal(
                JSON.object(message).serialized, headers: [(name: "x-amz-sns-rawdelivery", value: "true")])
                == .untrusted("raw delivery carries no signature: turn it off for the subscription"))
        for url in [
            "http://sns.us-east-1.amazonaws.com/SimpleNotificationService-a.pem",
            "https://sns.us-east-1.amazonaws.com.evil.test/SimpleNotificationService-a.pem",
            "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-a.pem",
            "https://sns.us-east-1.amazonaws.com/other.pem",
            "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-a.pem?x=.pem",
            "https://user@sns.us-east-1.amazonaws.com/SimpleNotificationService-a.pem",
            "https://sns.us-east-1.amazonaws.com:8443/SimpleNotificationService-a.pem",
            "https://evil.test/SimpleNotificationService-a.pem", "",
        ] {
            var bad = message
            bad["SigningCertURL"] = .string(url)
            #expect(
                try await refusal(JSON.object(bad).serialized, web: web)
                    == .untrusted("the certificate is not of SNS in the topic's region"), "\(url)")
        }
        var version = message
        version["SignatureVersion"] = "3"
        #expect(try await refusal(JSON.object(version).serialized) == .untrusted("SignatureVersion is neither 1 nor 2"))
        #expect(web.urls.isEmpty)
        // The certificate's time is the clock's: nothing is believed on one that is not valid yet.
        #expect(
            try await refusal(JSON.object(message).serialized, web: web)
                == .untrusted("the certificate cannot be read or is not valid now"))
        #expect(try await refusal(Array("{}".utf8)) == .unreadable("the SNS message has no Type"))
        #expect(try await refusal(Array("[".utf8)) != nil)
    }

    @Test func `a certificate that cannot be had is asked for again`() async throws {
        let message = try #require(try Self.messages().first)
        #expect(
            try await refusal(message.serialized, web: Web(status: 500, body: []))
                == .unavailable("the certificate's server answered 500"))
    }
}

/// A value behind a lock, for what a test's closures note.
final class Locked<Value: Sendable>: Sendable {
    private let lock: Lock<Value>

    init(_ value: Value) {
        lock = Lock(value)
    }

    var value: Value { lock.withLock { $0 } }

    func change(_ body: (inout Value) -> Void) { lock.withLock { body(&$0) } }
}
