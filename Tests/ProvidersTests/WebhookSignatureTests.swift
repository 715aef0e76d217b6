import Core
import Providers
import TestKit
import Testing

struct WebhookSignatureTests {
    private static let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

    private func headers(_ secrets: [String]) -> [String: String] {
        let made = WebhookSignature(secrets: secrets).headers(
            id: "msg_p5jXN8AQM9LWM0D4loKWxJek", body: Array(#"{"test": 2432232314}"#.utf8),
            at: Instant(microseconds: 1_614_265_330_900_000))
        return Dictionary(made.map { ($0.name, $0.value) }, uniquingKeysWith: { $1 })
    }

    /// Of the libraries' own tests at github.com/standard-webhooks/standard-webhooks.
    @Test func `the vector of Standard Webhooks`() {
        #expect(
            headers([Self.secret]) == [
                "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek", "webhook-timestamp": "1614265330",
                "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
            ])
    }

    @Test func `two live secrets are two signatures, none is no signature`() {
        let both = headers([Self.secret, "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"])
        let signatures = both["webhook-signature"]?.split(separator: " ") ?? []
        #expect(signatures.count == 2 && signatures[0] != signatures[1])
        #expect(signatures.allSatisfy { $0.hasPrefix("v1,") })
        #expect(headers([])["webhook-signature"] == nil)
    }

    @Test(arguments: [
        ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", true), ("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", false),
        ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLa", false), ("whsec_!!!!", false), ("whsec_", false),
        ("whsk_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", false),
    ])
    func `a secret is whsec_ and 24 to 64 bytes`(secret: String, isGood: Bool) {
        #expect((WebhookSignature.complaint(secret) == nil) == isGood)
        #expect(WebhookSignature(secrets: [secret]).isEmpty != isGood)
    }

    @Test func `the kind checks what is configured`() throws {
        let kind = try #require(ProviderKinds.named("webhook"))
        #expect(kind.channels == ["CUSTOM"])
        let idempotent = try #require(kind.settings.first { $0.name == "Idempotent" }?.check)
        #expect(idempotent("true") == nil && idempotent("false") == nil && idempotent("yes") != nil)
        #expect(kind.secrets.map(\.name) == ["Secret", "PreviousSecret"])
        #expect(WebhookProvider.isIdempotent(["Idempotent": true]))
        #expect(WebhookProvider.isIdempotent(["Idempotent": "true"]))
        #expect(!WebhookProvider.isIdempotent(["Idempotent": "false"]))
    }
}
