import Core
import Model
import Runtime
import TestKit
import Testing

@testable import HTTPClient
@testable import Providers

/// What becomes of one message by each service's answer, over HTTP/2 from look-alikes that check our signatures and payloads with
/// PyJWT, google-auth, py_vapid and http_ece.
@Suite(.timeLimit(.minutes(2))) struct PushProvidersTests {
    /// The peer's checks are by the real clock.
    static let now = SystemEnvironment.realNow()

    struct Outcome: Sendable, CustomStringConvertible {
        let address: String
        let expected: SendOutcome
        var description: String { address }

        init(_ address: String, _ expected: SendOutcome) {
            self.address = address
            self.expected = expected
        }
    }

    private func with<Value: Sendable>(
        _ kind: String, type: String, timeout: Duration? = nil,
        _ body: @escaping @Sendable (Provider<OutgoingPush>, PushPeer) async throws -> Value
    ) async throws -> Value {
        let peer = try await PushPeer.start()
        return try await TestLoop.run { loop in
            let tools = try PushTools.make(peer, loop, now: Self.now)
            var settings = try peer.credentials(kind)
            if timeout != nil { settings["TimeoutSeconds"] = "1" }
            let setup = ProviderSetup(
                app: AppID(high: 1, low: 1), channelType: type,
                provider: StoredProvider(id: ProviderID(high: 0, low: 0), name: kind, kind: kind, settings: settings),
                publicURL: "https://n.example")
            let make = try #require(ProviderKinds.named(kind)?.push)
            let value = try await body(make(setup, tools), peer)
            tools.client.close()
            return value
        }
    }

    private func message(_ address: String, _ type: String, payload: String) -> OutgoingPush {
        OutgoingPush(
            address: address, channelType: type, payload: Array(payload.utf8), timeToLive: 3600, priority: "high",
            collapseKey: "news of today", addressSince: Self.now, token: "reference-of-\(address.suffix(40))")
    }

    /// Delivers one message after the other, so that what an answer teaches is known to the next.
    private func expect(
        _ outcomes: [Outcome], _ kind: String, type: String, payload: String,
        address: @escaping @Sendable (PushPeer, String) throws -> String = { $1 }
    ) async throws -> [JSON] {
        try await with(kind, type: type) { provider, peer in
            for outcome in outcomes {
                let message = message(try address(peer, outcome.address), type, payload: payload)
                let result = await provider.deliver([message])
                #expect(result.map(Self.withoutReference) == [outcome.expected], "\(outcome.address)")
            }
            let calls = try peer.calls()
            #expect(calls.compactMap { $0["problem"]?.string } == [])
            #expect(calls.allSatisfy { $0["http"]?.string == "2" })
            return calls
        }
    }

    /// References are the services' own.
    private static func withoutReference(_ outcome: SendOutcome) -> SendOutcome {
        if case .accepted = outcome { .accepted(providerReference: "") } else { outcome }
    }

    private static let accepted = SendOutcome.accepted(providerReference: "")

    private static func dead(_ detail: String) -> SendOutcome {
        .rejected(.address, detail: detail, isAddressDead: true)
    }

    private static func wrong(_ reason: RejectionClass, _ detail: String) -> SendOutcome {
        .rejected(reason, detail: detail, isAddressDead: false)
    }

    private static func later(_ seconds: Int64, throttle: Bool, _ detail: String) -> SendOutcome {
        .retry(after: .seconds(seconds), isThrottle: throttle, detail: detail)
    }

    // MARK: APNs

    @Test func `APNs: each answer means what Apple says`() async throws {
        let rest = String(repeating: "ab", count: 31)
        let outcomes = [
            Outcome("02", Self.wrong(.address, "400 DeviceTokenNotForTopic")), Outcome("00", Self.accepted),
            Outcome("01", Self.dead("400 BadDeviceToken")), Outcome("02", Self.dead("400 DeviceTokenNotForTopic")),
            Outcome("03", Self.dead("410 Unregistered")), Outcome("04", Self.wrong(.address, "410 Unregistered")),
            Outcome("05", Self.dead("410 ExpiredToken")),
            Outcome("06", Self.later(60, throttle: true, "429 TooManyRequests")),
            Outcome("0607", Self.later(7, throttle: true, "429 TooManyRequests")),
            Outcome("07", Self.later(0, throttle: false, "500 InternalServerError")),
            Outcome("08", Self.later(0, throttle: false, "503 ServiceUnavailable")),
            Outcome("09", Self.wrong(.content, "413 PayloadTooLarge")),
            Outcome("0a", Self.wrong(.configuration, "400 TopicDisallowed")),
            Outcome("0b", .notSent(.authentication, detail: "403 InvalidProviderToken")),
            Outcome("0c", Self.wrong(.content, "400 BadPriority")),
            // Refused once for its token's age, taken with a fresh one; and refused for good.
            Outcome("0d", Self.accepted), Outcome("0e", .notSent(.authentication, detail: "403 ExpiredProviderToken")),
            Outcome("no token", Self.dead("the device token is not hexadecimal")),
        ]
        let calls = try await expect(
            outcomes, "apns", type: "APNS", payload: #"{"aps":{"alert":{"body":"B"}}}"#,
            address: { _, name in name == "no token" ? name : name + rest })
        // Two of them asked twice, one never.
        #expect(calls.count == outcomes.count + 1)
        let headers = try #require(calls.first?["headers"])
        #expect(headers["apns-topic"] == "com.example.app")
        #expect(headers["apns-push-type"] == "alert")
        #expect(headers["apns-priority"] == "10")
        #expect(headers["apns-collapse-id"] == "news of today")
        #expect(headers["apns-expiration"]?.string == String(Self.now.seconds + 3600))
        #expect(Set(calls.map { $0["connection"] }).count == 1)
    }

    @Test func `APNs: voice calls and silent notifications say what they are`() async throws {
        try await with("apns", type: "APNS_VOIP_SANDBOX") { provider, peer in
            var silent = message("00aa", "APNS_VOIP_SANDBOX", payload: #"{"aps":{"content-available":1}}"#)
            silent.pushType = "background"
            silent.timeToLive = 0
            let call = message("00bb", "APNS_VOIP_SANDBOX", payload: #"{"aps":{}}"#)
            #expect(await provider.deliver([call]).count == 1)
            #expect(await provider.deliver([silent]).count == 1)
            let headers = try peer.calls().compactMap { $0["headers"] }
            #expect(headers.map { $0["apns-topic"] } == ["com.example.app.voip", "com.example.app"])
            #expect(headers.map { $0["apns-push-type"] } == ["voip", "background"])
            #expect(headers.map { $0["apns-priority"] } == ["10", "5"])
            #expect(headers.last?["apns-expiration"] == "0")
        }
    }

    @Test func `APNs: a window goes out over few connections under one token`() async throws {
        try await with("apns", type: "APNS") { provider, peer in
            let messages = (0..<300).map { number in
                message("00" + Hex.lowercase(SHA256Word.bytes(number)), "APNS", payload: #"{"aps":{}}"#)
            }
            let outcomes = await provider.deliver(messages)
            #expect(outcomes.allSatisfy { if case .accepted = $0 { true } else { false } })
            let calls = try peer.calls()
            #expect(calls.count == 300)
            #expect(Set(calls.map { $0["connection"] }).count <= 3)
            #expect(Set(calls.map { $0["headers"]?["authorization"] }).count == 1)
            #expect(Set(calls.map { $0["headers"]?["apns-id"] }).count == 300)
        }
    }

    // MARK: FCM

    @Test func `FCM: each answer means what Google says`() async throws {
        let outcomes = [
            Outcome("SENDER_ID_MISMATCH", Self.wrong(.address, "403 SENDER_ID_MISMATCH")),
            Outcome("ok-1", Self.accepted), Outcome("SENDER_ID_MISMATCH", Self.dead("403 SENDER_ID_MISMATCH")),
            Outcome("UNREGISTERED", Self.dead("404 UNREGISTERED")),
            Outcome("INVALID_TOKEN", Self.dead("400 INVALID_ARGUMENT")),
            Outcome("INVALID_FIELD", Self.wrong(.content, "400 INVALID_ARGUMENT message.android.ttl")),
            Outcome("QUOTA_EXCEEDED", Self.later(60, throttle: true, "429 QUOTA_EXCEEDED")),
            Outcome("QUOTA_EXCEEDED-120", Self.later(120, throttle: true, "429 QUOTA_EXCEEDED")),
            Outcome("UNAVAILABLE", Self.later(10, throttle: false, "503 UNAVAILABLE")),
            Outcome("UNAVAILABLE-120", Self.later(120, throttle: false, "503 UNAVAILABLE")),
            Outcome("INTERNAL", Self.later(0, throttle: false, "500 INTERNAL")),
            Outcome("THIRD_PARTY_AUTH_ERROR", Self.wrong(.configuration, "401 THIRD_PARTY_AUTH_ERROR")),
            Outcome("NOT_FOUND", Self.wrong(.configuration, "404 NOT_FOUND")),
            Outcome("PERMISSION_DENIED", .notSent(.authentication, detail: "403 PERMISSION_DENIED")),
            Outcome("expired-1", Self.accepted),
        ]
        let calls = try await expect(
            outcomes, "fcm", type: "GCM", payload: #"{"data":{"pinpoint.notification.body":"B \"q\" é"}}"#)
        #expect(calls.filter { $0["path"] == "/token" }.count == 2)
        let first = try JSON.parse(#require(calls.first { $0["path"] != "/token" }?["body"]?.string))
        #expect(
            first == ["message": ["token": "SENDER_ID_MISMATCH", "data": ["pinpoint.notification.body": "B \"q\" é"]]])
    }

    @Test func `FCM: a window asks for one access token, and for one more when that has ended`() async throws {
        try await with("fcm", type: "GCM") { provider, peer in
            let outcomes = await provider.deliver(
                (0..<120).map { message("expired-\($0)", "GCM", payload: #"{"data":{}}"#) })
            #expect(outcomes.allSatisfy { if case .accepted = $0 { true } else { false } })
            let calls = try peer.calls()
            #expect(calls.filter { $0["path"] == "/token" }.count == 2)
            #expect(Set(calls.map { $0["connection"] }).count <= 3)
        }
    }

    // MARK: Web Push

    @Test func `Web Push: a browser reads it, and each answer means what the standard says`() async throws {
        let outcomes = [
            Outcome("403", Self.wrong(.configuration, "403")), Outcome("201", Self.accepted),
            Outcome("403", Self.dead("403")), Outcome("202", Self.accepted), Outcome("404", Self.dead("404")),
            Outcome("410", Self.dead("410 errno 106")), Outcome("400", Self.wrong(.content, "400 ")),
            Outcome("413", Self.wrong(.content, "413 ")), Outcome("429", Self.later(30, throttle: true, "429 ")),
            Outcome("500", Self.later(0, throttle: false, "500 ")),
            Outcome("401", Self.wrong(.configuration, "401")),
        ]
        let calls = try await expect(
            outcomes, "webpush", type: "PUSH", payload: #"{"notification":{"title":"Tïtle"}}"#,
            address: { peer, name in try peer.subscription(name) })
        #expect(calls.allSatisfy { $0["plaintext"] == ["notification": ["title": "Tïtle"]] })
        let headers = calls.compactMap { $0["headers"] }
        #expect(headers.allSatisfy { $0["ttl"] == "3600" && $0["urgency"] == "high" })
        #expect(headers.allSatisfy { $0["topic"]?.string?.count == 32 })
        #expect(Set(headers.map { $0["authorization"] }).count == 1)
        #expect(Set(calls.map { $0["body"] }).count == calls.count)
    }

    @Test(arguments: ["", "[]", "https://push.example/1", #"{"endpoint":"https://push.example/1"}"#])
    func `Web Push: an address that is no subscription is dead`(address: String) async throws {
        try await with("webpush", type: "PUSH") { provider, peer in
            guard
                case .rejected(.address, let detail, true) = await provider.deliver([
                    message(address, "PUSH", payload: "{}")
                ])[0]
            else {
                Issue.record("taken")
                return
            }
            #expect(!detail.contains("push.example"), "a subscription is a secret")
            let calls = try peer.calls()
            #expect(calls.isEmpty)
        }
    }

    @Test(arguments: [
        ("https://fcm.googleapis.com/fcm/send/a", SendOutcome.notSent(.authentication, detail: "403 ")),
        ("https://updates.push.services.mozilla.com/wpush/v2/a", .notSent(.authentication, detail: "403 ")),
        ("https://fcm.googleapis.com.evil.example/a", .rejected(.configuration, detail: "403", isAddressDead: false)),
    ])
    func `Web Push: only a browser's own service can speak of our credentials`(endpoint: String, expected: SendOutcome)
        throws
    {
        let peerless = StoredProvider(
            id: ProviderID(high: 0, low: 0), name: "w", kind: "webpush",
            settings: ["Subject": "mailto:a@example.com", "PrivateKey": .string(Fixtures.text("apns/key.p8"))])
        let provider = try WebPush(
            ProviderSetup(
                app: AppID(high: 1, low: 1), channelType: "PUSH", provider: peerless, publicURL: "https://n.example"))
        let keys =
            #""keys":{"auth":"BTBZMqHH6r4Tts7J_aSIgg","p256dh":"BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"}"#
        let refusal = ClientResponse(status: 403, headers: [], body: [], httpVersion: "2")
        let sent = message("{\"endpoint\":\"\(endpoint)\",\(keys)}", "PUSH", payload: "{}")
        #expect(provider.outcome(of: refusal, to: sent, at: Self.now) == expected)
    }

    @Test func `Web Push: a stranger's server that is out of reach does not rest the channel`() async throws {
        try await with("webpush", type: "PUSH") { provider, peer in
            let gone = try peer.subscription("201").replacing(":\(peer.port)/", with: ":1/")
            let outcomes = await provider.deliver([message(gone, "PUSH", payload: "{}")])
            guard case .retry(.zero, false, _) = outcomes[0] else {
                Issue.record("\(outcomes)")
                return
            }
        }
    }

    // MARK: ADM and Baidu

    @Test func `ADM: each answer means what Amazon says`() async throws {
        let outcomes = [
            Outcome("amzn1.adm-registration.v3.Y/29=", Self.accepted), Outcome("expired-1", Self.accepted),
            Outcome("Unregistered", Self.dead("400 Unregistered")),
            Outcome("InvalidRegistrationId", Self.dead("400 InvalidRegistrationId")),
            Outcome("InvalidData", Self.wrong(.content, "400 InvalidData")),
            Outcome("MessageTooLarge", Self.wrong(.content, "413 MessageTooLarge")),
            Outcome("MaxRateExceeded", Self.later(9, throttle: true, "429 MaxRateExceeded")),
            Outcome("ServiceBusy", Self.later(0, throttle: false, "503 ServiceBusy")),
        ]
        _ = try await expect(outcomes, "adm", type: "ADM", payload: #"{"data":{"b":"2","a":"1, é"}}"#)
        #expect(ADM.checksum(of: ["message": "your message"]) == "qzF+HgArKZjJrpfcTbiFxg==")
        #expect(ADM.checksum(of: [:]) == "1B2M2Y8AsgTpgAmY7PhCfg==")
    }

    @Test func `Baidu: signed as documented, and each code means what is documented`() async throws {
        let outcomes = [
            Outcome("device", Self.accepted), Outcome("30600-1", Self.later(0, throttle: false, "500 30600")),
            Outcome("30602-1", Self.wrong(.content, "400 30602")),
            Outcome("30603-1", .notSent(.authentication, detail: "403 30603")),
            Outcome("30608-1", Self.dead("400 30608")),
            Outcome("30609-1", Self.later(60, throttle: true, "400 30609")),
        ]
        _ = try await expect(
            outcomes, "baidu", type: "BAIDU", payload: #"{"title":"a b~c*","description":"é+&=%"}"#)
    }
}

/// Distinct bytes for device tokens.
private enum SHA256Word {
    static func bytes(_ number: Int) -> [UInt8] {
        (0..<31).map { UInt8(truncatingIfNeeded: number >> ($0 % 4 * 8)) ^ UInt8($0) }
    }
}
