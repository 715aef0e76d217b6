import Core
import Model
import Providers
import TestKit
import Testing

@testable import Providers

/// The push services' answers, each taken through to the books. What else they can say is in `PushProvidersTests`, over HTTP/2.
@Suite(.database) struct PushOutcomeTests {
    private func check(
        _ scenario: OutcomeCase, _ kind: String, _ type: String, address: String, _ credentials: JSONObject,
        payload: String, answer: (@Sendable (ScriptedHTTP.Call) -> ScriptedHTTP.Answer)? = nil
    ) async throws {
        try await ProviderOutcomes.check(
            scenario, kind: kind, channelType: type, address: address, secrets: credentials, maker: \.push,
            message: { _ in
                OutgoingPush(address: address, channelType: type, payload: Array(payload.utf8), token: "token")
            }, answer: answer)
    }

    private static func error(_ status: Int, _ word: String, after: String? = nil) -> ScriptedHTTP.Answer {
        .reply(
            status: status, headers: after.map { [("Retry-After", $0)] } ?? [], body: #"{"reason": "\#(word)"}"#)
    }

    // MARK: APNs

    static let apns: [OutcomeCase] =
        [
            OutcomeCase("accepts", .reply(status: 200, headers: [("apns-id", "an-id")]), .accepted("an-id")),
            OutcomeCase("throttles, and says how long", error(429, "TooManyRequests", after: "90"), .throttled(90)),
            OutcomeCase("throttles without a word", error(429, "TooManyRequests"), .throttled(60)),
            OutcomeCase("is out of order", error(503, "ServiceUnavailable"), .transient),
            OutcomeCase("knows the device is gone", error(410, "Unregistered"), .deadAddress),
            OutcomeCase("does not know its own word", error(400, "BadDeviceToken"), .deadAddress),
            OutcomeCase("refuses the topic", error(400, "TopicDisallowed"), .rejected(.configuration)),
            OutcomeCase("finds it too large", error(413, "PayloadTooLarge"), .rejected(.content)),
            OutcomeCase("refuses the token", error(403, "InvalidProviderToken"), .authentication),
            OutcomeCase("calls every token expired", error(403, "ExpiredProviderToken"), .authentication),
        ] + OutcomeCase.lost

    @Test(arguments: apns)
    func `what APNs answers is what the books say`(scenario: OutcomeCase) async throws {
        let credentials: JSONObject = [
            "BundleId": "com.example.app", "TeamId": "TEAM123456", "TokenKeyId": "KEY1234567",
            "TokenKey": .string(Fixtures.text("apns/key.p8")),
        ]
        try await check(scenario, "apns", "APNS", address: "abcdef", credentials, payload: #"{"aps":{}}"#)
    }

    // MARK: FCM

    private static func google(_ status: Int, _ word: String, _ code: String?, after: String? = nil)
        -> ScriptedHTTP.Answer
    {
        let own = code.map {
            #"{"@type": "type.googleapis.com/google.firebase.fcm.v1.FcmError", "errorCode": "\#($0)"}"#
        }
        return .reply(
            status: status, headers: after.map { [("Retry-After", $0)] } ?? [],
            body: #"{"error": {"code": \#(status), "status": "\#(word)", "details": [\#(own ?? "")]}}"#)
    }

    static let fcm: [OutcomeCase] =
        [
            OutcomeCase(
                "accepts", .reply(status: 200, body: #"{"name": "projects/p/messages/1"}"#),
                .accepted("projects/p/messages/1")),
            OutcomeCase("throttles", google(429, "RESOURCE_EXHAUSTED", "QUOTA_EXCEEDED", after: "30"), .throttled(30)),
            OutcomeCase("is out of order", google(503, "UNAVAILABLE", "UNAVAILABLE"), .transient),
            OutcomeCase("knows the device is gone", google(404, "NOT_FOUND", "UNREGISTERED"), .deadAddress),
            OutcomeCase("refuses us", google(403, "PERMISSION_DENIED", nil), .authentication),
            OutcomeCase("refuses every access token", google(401, "UNAUTHENTICATED", nil), .authentication),
            OutcomeCase(
                "finds a field wrong", google(400, "INVALID_ARGUMENT", "INVALID_ARGUMENT"), .rejected(.content)),
        ] + OutcomeCase.lost

    @Test(arguments: fcm)
    func `what FCM answers is what the books say`(scenario: OutcomeCase) async throws {
        // Google's token server is another one.
        let google = try ScriptedHTTP.start { _ in
            .reply(status: 200, body: #"{"access_token": "t", "expires_in": 3599}"#)
        }
        let account = Fixtures.text("fcm/service-account.json").replacing("TOKEN_URI", with: google.url)
        try await check(
            scenario, "fcm", "GCM", address: "device", ["ServiceJson": .string(account)], payload: #"{"data":{}}"#)
        #expect(!google.calls.isEmpty)
    }

    @Test func `no access token, no message: the channel waits for its operator`() async throws {
        let google = try ScriptedHTTP.start { _ in .reply(status: 400, body: #"{"error": "invalid_grant"}"#) }
        let account = Fixtures.text("fcm/service-account.json").replacing("TOKEN_URI", with: google.url)
        let scenario = OutcomeCase("", .reply(status: 200), .authentication)
        try await check(
            scenario, "fcm", "GCM", address: "device", ["ServiceJson": .string(account)], payload: "{}",
            answer: { _ in
                Issue.record("a message left without an access token")
                return .hangUp
            })
    }

    // MARK: Web Push

    static let web: [OutcomeCase] =
        [
            OutcomeCase("accepts", .reply(status: 201, headers: [("Location", "https://x/1")]), .accepted("")),
            OutcomeCase("throttles", .reply(status: 429, headers: [("Retry-After", "12")]), .throttled(12)),
            OutcomeCase("is out of order", .reply(status: 502), .transient),
            OutcomeCase("knows the browser is gone", .reply(status: 410), .deadAddress),
            OutcomeCase("never knew it", .reply(status: 404), .deadAddress),
            OutcomeCase("refuses our key", .reply(status: 403), .rejected(.configuration)),
            OutcomeCase("finds it too large", .reply(status: 413), .rejected(.content)),
        ] + OutcomeCase.lost

    @Test(arguments: web)
    func `what a Web Push service answers is what the books say`(scenario: OutcomeCase) async throws {
        let service = try ScriptedHTTP.start { _ in scenario.answer }
        let address = #"""
            {"endpoint": "\#(service.url)/push/1", "keys": {"auth": "BTBZMqHH6r4Tts7J_aSIgg", "p256dh":
            "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"}}
            """#
        let credentials: JSONObject = [
            "Subject": "mailto:ops@example.com", "PrivateKey": .string(Fixtures.text("apns/key.p8")),
        ]
        try await check(scenario, "webpush", "PUSH", address: address, credentials, payload: "{}")
        #expect(service.calls.count == 1)
    }

    // MARK: ADM

    static let adm: [OutcomeCase] =
        [
            OutcomeCase(
                "accepts",
                .reply(status: 200, headers: [("x-amzn-RequestId", "r1")], body: #"{"registrationID": "device"}"#),
                .accepted("r1")),
            OutcomeCase("throttles", error(429, "MaxRateExceeded", after: "5"), .throttled(5)),
            OutcomeCase("is out of order", error(500, "ServerError"), .transient),
            OutcomeCase("knows the device is gone", error(400, "Unregistered"), .deadAddress),
            OutcomeCase("refuses every access token", error(401, "AccessTokenExpired"), .authentication),
            OutcomeCase("finds it too large", error(413, "MessageTooLarge"), .rejected(.content)),
        ] + OutcomeCase.lost

    @Test(arguments: adm)
    func `what ADM answers is what the books say`(scenario: OutcomeCase) async throws {
        try await check(
            scenario, "adm", "ADM", address: "device", ["ClientId": "c", "ClientSecret": "s"], payload: #"{"data":{}}"#,
            answer: { call in
                call.target.hasPrefix("/auth/")
                    ? .reply(status: 200, body: #"{"access_token": "t", "expires_in": 3600}"#) : scenario.answer
            })
    }

    // MARK: Baidu

    private static func baidu(_ status: Int, _ code: Int) -> ScriptedHTTP.Answer {
        .reply(status: status, body: #"{"request_id": 1, "error_code": \#(code), "error_msg": "no"}"#)
    }

    static let baidu: [OutcomeCase] =
        [
            OutcomeCase(
                "accepts", .reply(status: 200, body: #"{"request_id": 1, "response_params": {"msg_id": "87"}}"#),
                .accepted("87")),
            OutcomeCase("throttles", baidu(400, 30618), .throttled(60)),
            OutcomeCase("is out of order", baidu(500, 30600), .transient),
            OutcomeCase("knows the device is gone", baidu(400, 30608), .deadAddress),
            OutcomeCase("refuses the signature", baidu(403, 30603), .authentication),
            OutcomeCase("finds a parameter wrong", baidu(400, 30602), .rejected(.content)),
        ] + OutcomeCase.lost

    @Test(arguments: baidu)
    func `what Baidu answers is what the books say`(scenario: OutcomeCase) async throws {
        try await check(
            scenario, "baidu", "BAIDU", address: "device", ["ApiKey": "k", "SecretKey": "s"], payload: "{}")
    }
}
