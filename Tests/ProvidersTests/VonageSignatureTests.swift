import Core
import Crypto
import Model
import Providers
import Testing

/// Who may post to us in Vonage's name.
@Suite(.timeLimit(.minutes(1))) struct VonageSignatureTests {
    private static let now = Instant(seconds: 1_700_000_000)
    private static let secret = "test_secret"

    private func inbound(_ method: String, secret: String? = Self.secret, application: String? = nil) -> VonageInbound {
        var settings: JSONObject = ["ApiKey": "abcd1234", "SignatureMethod": .string(method)]
        settings["ApplicationId"] = application.map { .string($0) }
        return VonageInbound(
            .test("vonage", settings: settings, secrets: secret.map { ["SignatureSecret": .string($0)] } ?? [:]))
    }

    private func refusal(_ inbound: VonageInbound, _ call: InboundCall) -> String? {
        do throws(InboundRefusal) {
            try inbound.verify(call)
            return nil
        } catch {
            if case .untrusted(let words) = error { return words }
            return "\(error)"
        }
    }

    @Test(
        arguments: [
            (VonageSignature.md5, "07b1dbbcd4d65f1735d1e521fc34a758"),
            (.sha1, "2a6f1d139462e85bf4301d92f180cf4919b4e834"),
            (.sha256, "15f468f4442e472a61868a0aa7031b24d63a26b54302afc6b55dd4b055acd256"),
            (
                .sha512,
                "469746a0b82fa21ae930319057a5bafb9e6640b70c81195d1e561b72bf9399186918f5be47e3616db8b7e4ee96d1d3bd1cf28ebb7f9f0d2fec8a82494bd6e9b8"
            ),
        ] as [(VonageSignature, String)])
    func `signatures are those of the vendor's library`(method: VonageSignature, expected: String) {
        let fields = [
            ("msisdn", "447700900000"), ("text", "a=b&c"), ("timestamp", "1234567890"), ("to", "447700900001"),
        ]
        .map { (name: $0.0, value: $0.1) }
        #expect(method.sign(fields, secret: Array(Self.secret.utf8)) == expected)
        #expect(method.sign(fields.reversed() + [("sig", "x")], secret: Array(Self.secret.utf8)) == expected)
    }

    @Test func `what the vendor's library signs is believed, and nothing else`() async throws {
        let fields: JSONObject = [
            "msisdn": "447700900000", "to": "447700900001", "messageId": "0A0000000123ABCD1", "text": "déjà & = vu 😀",
            "type": "unicode", "timestamp": .string(String(Self.now.seconds)), "nonce": "n-1",
        ]
        let signatures = try await CarrierPeer.ask(
            "vonage_sign", ["secret": .string(Self.secret), "fields": .object(fields)])
        for method in VonageSignature.allCases {
            let sig = try #require(signatures[method.rawValue]?.string)
            let inbound = inbound(method.rawValue)
            let pairs = fields.members.map { (name: $0.key, value: $0.value.string ?? "") }
            let form = FormFields(pairs + [("sig", sig)]).encoded
            var json = fields
            json["sig"] = .string(sig.uppercased())
            let calls: [InboundCall] = [
                .test("messages", type: "application/x-www-form-urlencoded", body: form, at: Self.now),
                .test("messages", method: "GET", query: form, at: Self.now),
                .test(
                    "messages", type: "application/json",
                    body: String(decoding: JSON.object(json).serialized, as: UTF8.self), at: Self.now),
            ]
            for call in calls {
                #expect(refusal(inbound, call) == nil, "\(method) \(call.method)")
                var late = call
                late.receivedAt = Self.now + .seconds(26 * 3600)
                #expect(refusal(inbound, late) == "signed more than a day ago")
                late.receivedAt = Self.now - .seconds(301)
                #expect(refusal(inbound, late) == "signed in the future")
            }
            let forged = FormFields(pairs.map { $0.name == "text" ? ("text", "STOP") : $0 } + [("sig", sig)]).encoded
            #expect(refusal(inbound, .test("messages", body: forged, at: Self.now)) == "wrong sig")
            let other = self.inbound(method.rawValue, secret: "another")
            #expect(refusal(other, calls[0]) == "wrong sig")
        }
    }

    @Test func `without a secret, a sig or a time nobody is believed`() {
        let call = InboundCall.test("messages", body: "msisdn=1&to=2&messageId=3", at: Self.now)
        #expect(refusal(inbound("sha256", secret: nil), call) == "the provider has no SignatureSecret")
        #expect(refusal(inbound("sha256"), call) == "no sig")
        let fields = [(name: "msisdn", value: "1"), (name: "to", value: "2")]
        let sig = VonageSignature.sha256.sign(fields, secret: Array(Self.secret.utf8))
        let timeless = InboundCall.test("messages", body: FormFields(fields + [("sig", sig)]).encoded, at: Self.now)
        #expect(refusal(inbound("sha256"), timeless) == "no timestamp is signed")
    }

    // MARK: Tokens

    private func call(_ claims: JSONObject, body: String, secret: String = Self.secret) async throws -> InboundCall {
        let answer = try await CarrierPeer.ask(
            "vonage_token", ["secret": .string(secret), "claims": .object(claims)])
        #expect(answer["accepted"]?.bool == true)
        let token = try #require(answer["token"]?.string)
        return .test(
            "receipts", type: "application/json", headers: [("authorization", "Bearer \(token)")], body: body,
            at: Self.now)
    }

    @Test func `a token is good for its body, its account and its time`() async throws {
        let body = #"{"message_uuid": "u", "status": "delivered"}"#
        let claims: JSONObject = [
            "iat": .integer(Self.now.seconds), "exp": .integer(Self.now.seconds + 300), "jti": "j", "iss": "Vonage",
            "api_key": "abcd1234", "application_id": "app-1",
            "payload_hash": .string(Hex.lowercase(SHA256.hash(Array(body.utf8)))),
        ]
        let inbound = inbound("sha256", application: "app-1")
        let good = try await call(claims, body: body)
        #expect(refusal(inbound, good) == nil)
        var changed = good
        changed.body = Array(#"{"message_uuid": "u", "status": "rejected"}"#.utf8)
        #expect(refusal(inbound, changed) == "the body is not the one that was signed")
        changed = good
        changed.receivedAt = Self.now + .seconds(601)
        #expect(refusal(inbound, changed) == "the token has expired")
        changed.receivedAt = Self.now - .seconds(301)
        #expect(refusal(inbound, changed) == "signed in the future")
        let stranger = try await call(claims, body: body, secret: "another")
        #expect(refusal(inbound, stranger) == "wrong token")
        for (name, value, words) in [
            ("api_key", JSON.string("other"), "another account's"),
            ("application_id", "other", "another application's"), ("iat", .null, "the token has no iat"),
            ("payload_hash", .null, "the body is not the one that was signed"),
        ] as [(String, JSON, String)] {
            var wrong = claims
            wrong[name] = value.isNull ? JSON?.none : value
            let signed = try await call(wrong, body: body)
            #expect(refusal(inbound, signed) == words, "\(name)")
        }
    }

    @Test(arguments: [
        // {"alg":"none"}.{"iat":1700000000}.
        "eyJhbGciOiJub25lIn0.eyJpYXQiOjE3MDAwMDAwMDB9.", "", "a.b", "a.b.c", "....",
    ])
    func `what is no token under the secret is none`(token: String) {
        #expect(HS256Token.claims(of: token, secret: Array(Self.secret.utf8)) == nil)
    }
}
