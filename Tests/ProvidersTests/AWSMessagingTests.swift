import Core
import HTTPClient
import Model
import Runtime
import TestKit
import Testing

@testable import Providers

/// AWS End User Messaging: requests as botocore would make them, answers taken through to the books, events in our words.
@Suite(.database) struct AWSMessagingTests {
    static let key = (id: "NTKSMSVOICE34567ABCD", secret: "wJalrXUtnFEMIsK7MDENGsbPxRfiCYSMSVOICE")
    static let settings: JSONObject = ["Region": "eu-north-1", "OriginationIdentity": "+12065550152"]
    static let secrets: JSONObject = [
        "AccessKeyId": .string(key.id), "SecretAccessKey": .string(key.secret), "SessionToken": "FwoGZXIvYXdz//token==",
    ]
    private static let now = Instant(seconds: 1_700_000_000)

    private func provider(_ settings: JSONObject = [:]) throws -> AWSMessaging {
        var all = Self.settings
        for member in settings.members { all[member.key] = member.value.isNull ? nil : member.value }
        return try AWSMessaging(
            .test("aws-messaging", settings: all, secrets: Self.secrets), try ProviderOutcomes.tools())
    }

    private func calls(_ settings: JSONObject = [:]) throws -> AWSVoice {
        var all = Self.settings
        for member in settings.members { all[member.key] = member.value.isNull ? nil : member.value }
        return try AWSVoice(
            .test("aws-voice", channel: "VOICE", settings: all, secrets: Self.secrets), try ProviderOutcomes.tools())
    }

    @Test func `requests are signed and formed as botocore has them`() async throws {
        let full: JSONObject = [
            "ConfigurationSetName": "prod", "MaxPrice": "0.05", "TimeToLive": "300",
            "ProtectConfigurationId": "protect-1",
            "Url": "https://example.com/behind/a/path/",
        ]
        let plain = OutgoingSMS(to: "+919812345678", from: nil, body: "Grüße & \"Küsse\" 😀", token: "t1")
        var indian = plain
        indian.from = "pool-1"
        indian.messageType = "PROMOTIONAL"
        (indian.entityID, indian.templateID) = ("1101", "1107")
        var picture = plain
        picture.mediaURLs = ["s3://bucket/a/b.png"]
        var bare = picture
        bare.body = ""
        var requests: [ClientRequest] = []
        for settings in [[:], full] as [JSONObject] {
            let provider = try provider(settings)
            for message in [plain, indian, picture, bare] {
                requests.append(try provider.request(for: message, at: Self.now))
            }
        }
        let voice = try calls(full)
        for call in [
            OutgoingCall(to: "+14255550156", from: nil, body: "Hello", languageCode: "de_DE", token: "t2"),
            OutgoingCall(
                to: "+14255550156", from: "+12065550199", body: "<speak>Hello</speak>", isSSML: true, voiceID: "Amy",
                token: "t3"),
        ] { requests.append(try voice.request(for: call, at: Self.now)) }
        let complaints = try await CarrierPeer.complaints(
            about: requests, key: Self.key, token: "FwoGZXIvYXdz//token==")
        #expect(complaints.count == requests.count)
        #expect(Set(complaints) == [""])
        let wrong = try await CarrierPeer.complaints(
            about: [requests[0]], key: (Self.key.id, "another"), token: "FwoGZXIvYXdz//token==")
        #expect(wrong == ["wrong signature"])
        #expect(requests[0].url == "https://sms-voice.eu-north-1.amazonaws.com/")
        #expect(requests[4].url == "https://example.com/behind/a/path/")
        let body = try JSON.parse(requests[5].body)
        #expect(
            body == [
                "ConfigurationSetName": "prod", "ProtectConfigurationId": "protect-1", "MaxPrice": "0.05",
                "TimeToLive": 300, "DestinationPhoneNumber": "+919812345678", "OriginationIdentity": "pool-1",
                "MessageBody": .string(plain.body), "MessageType": "PROMOTIONAL",
                "DestinationCountryParameters": ["IN_ENTITY_ID": "1101", "IN_TEMPLATE_ID": "1107"],
                "Context": ["mid": "t1"],
            ])
        let german = try JSON.parse(requests[8].body)
        #expect(german["VoiceId"] == "VICKI")
        #expect(german["MaxPricePerMinute"] == "0.05")
        #expect(try JSON.parse(requests[9].body)["MessageBodyTextType"] == "SSML")
    }

    private func refusal(_ body: () throws(Refusal) -> ClientRequest) -> SendOutcome? {
        do throws(Refusal) {
            _ = try body()
            return nil
        } catch {
            return error.outcome
        }
    }

    @Test func `what the service cannot send never leaves`() throws {
        let sms = try provider(["OriginationIdentity": .null])
        var message = OutgoingSMS(to: "+14255550156", from: nil, body: "", token: "t")
        let empty = refusal { () throws(Refusal) in try sms.request(for: message, at: Self.now) }
        #expect(empty == .rejected(.content, detail: "aws: the text is empty", isAddressDead: false))
        message.mediaURLs = ["https://example.com/a.png"]
        let elsewhere = refusal { () throws(Refusal) in try sms.request(for: message, at: Self.now) }
        #expect(
            elsewhere
                == .rejected(
                    .content, detail: "aws: MediaUrl must be one object in S3, as s3://bucket/key", isAddressDead: false
                ))
        message.mediaURLs = ["s3://bucket/a.png"]
        let nobody = refusal { () throws(Refusal) in try sms.request(for: message, at: Self.now) }
        #expect(
            nobody
                == .rejected(
                    .configuration, detail: "aws: a picture needs an OriginationIdentity", isAddressDead: false))
        let voice = try calls()
        let call = OutgoingCall(
            to: "+14255550156", from: nil, body: "Hello", gather: .init(digits: 1, timeoutSeconds: 5), token: "t")
        let keys = refusal { () throws(Refusal) in try voice.request(for: call, at: Self.now) }
        #expect(
            keys
                == .rejected(
                    .configuration,
                    detail: "aws: calls cannot ask for keys; use a provider of kind twilio-calls", isAddressDead: false)
        )
    }

    @Test func `half a key is a fault, and no key at all without one of the installation`() throws {
        let tools = try ProviderOutcomes.tools()
        for secrets in [[:], ["AccessKeyId": "NTKX"], ["SecretAccessKey": "x"]] as [JSONObject] {
            let fault = #expect(throws: Fault.self) {
                try AWSMessaging(.test("aws-messaging", settings: Self.settings, secrets: secrets), tools)
            }
            #expect(fault?.code == .configuration)
        }
    }

    // MARK: Answers

    private static func error(_ type: String, _ reason: String? = nil, fields: [String] = []) -> ScriptedHTTP.Answer {
        var body: JSONObject = [
            "__type": .string("com.amazonaws.pinpointsmsvoicev2#\(type)"), "Message": "said by the test",
        ]
        body["Reason"] = reason.map { .string($0) }
        if !fields.isEmpty {
            body["Fields"] = .array(fields.map { ["Name": .string($0), "Message": "no"] })
        }
        return .reply(
            status: type == "InternalServerException" ? 500 : 400,
            body: String(decoding: JSON.object(body).serialized, as: UTF8.self))
    }

    static let cases: [OutcomeCase] =
        [
            OutcomeCase("accepts", .reply(status: 200, body: #"{"MessageId": "m-1"}"#), .accepted("m-1")),
            OutcomeCase("throttles", error("ThrottlingException"), .throttled(1)),
            OutcomeCase(
                "throttles, and says for how long",
                .reply(
                    status: 429,
                    headers: [("Retry-After", "7"), ("x-amzn-ErrorType", "ThrottlingException:http://x/")],
                    body: "{}"), .throttled(7)),
            OutcomeCase("is in trouble", error("InternalServerException"), .transient),
            OutcomeCase("is behind a broken gateway", .reply(status: 502, body: "<html/>"), .transient),
            OutcomeCase(
                "knows no such number",
                error("ValidationException", "INVALID_PARAMETER", fields: ["DestinationPhoneNumber"]), .deadAddress),
            OutcomeCase(
                "finds the text wrong",
                error("ValidationException", "FIELD_VALIDATION_FAILED", fields: ["MessageBody"]),
                .rejected(.content)),
            OutcomeCase(
                "was told STOP", error("ConflictException", "DESTINATION_PHONE_NUMBER_OPTED_OUT"), .rejected(.optedOut)),
            OutcomeCase(
                "has nobody to send it", error("ConflictException", "NO_ORIGINATION_IDENTITIES_FOUND"),
                .rejected(.configuration)),
            OutcomeCase(
                "protects the country",
                error("ConflictException", "DESTINATION_COUNTRY_BLOCKED_BY_PROTECT_CONFIGURATION"), .rejected(.content)),
            OutcomeCase(
                "has spent the month's money",
                error("ServiceQuotaExceededException", "MONTHLY_SPEND_LIMIT_REACHED_FOR_TEXT"),
                .rejected(.configuration)),
            OutcomeCase("misses its configuration set", error("ResourceNotFoundException"), .rejected(.configuration)),
            OutcomeCase("refuses the key", error("UnrecognizedClientException"), .authentication),
            OutcomeCase("has closed the account", error("AccessDeniedException", "ACCOUNT_DISABLED"), .authentication),
            OutcomeCase("takes it without a name", .reply(status: 200, body: "ok"), .unknown),
        ] + OutcomeCase.lost

    @Test(arguments: cases)
    func `what the service answers to a text is what the books say`(scenario: OutcomeCase) async throws {
        try await ProviderOutcomes.check(
            scenario, kind: "aws-messaging", channelType: "SMS", address: "+14255550156", settings: Self.settings,
            secrets: Self.secrets, maker: \.sms
        ) { _ in
            OutgoingSMS(to: "+14255550156", from: nil, body: "Hello", token: "token")
        }
    }

    @Test(arguments: cases)
    func `what the service answers to a call is what the books say`(scenario: OutcomeCase) async throws {
        try await ProviderOutcomes.check(
            scenario, kind: "aws-voice", channelType: "VOICE", address: "+14255550156", settings: Self.settings,
            secrets: Self.secrets, maker: \.voice
        ) { _ in
            OutgoingCall(to: "+14255550156", from: nil, body: "Hello", token: "token")
        }
    }

    // MARK: Events

    private func events(_ file: String) throws -> [InboundEvent] {
        try AWSMessagingEvents.events(in: Fixtures.text("aws-messaging/\(file)"), at: Self.now)
    }

    @Test func `a text's event says whose it was, and what it cost`() throws {
        let expected = Receipt(
            .delivered, channel: "SMS", key: "862a8790-60c0-4430-9b2b-658bdexample:TEXT_DELIVERED",
            reference: "reference-1", providerReference: "862a8790-60c0-4430-9b2b-658bdexample",
            address: "+14255550156", at: Instant(milliseconds: 1_686_975_103_470),
            detail: "Message has been accepted by phone",
            attributes: [
                "record_status": "DELIVERED", "iso_country_code": "US", "message_type": "PROMOTIONAL",
                "carrier_name": "Example Wireless", "mcc_mnc": "310800", "number_of_message_parts": "2",
                "origination_phone_number": "+12065550152", "destination_phone_number": "+14255550156",
            ], metrics: ["price_in_millicents_usd": 581, "carrier_fee_in_millicents_usd": 300])
        #expect(try events("text-delivered.json") == [.receipt(expected)])
    }

    @Test func `events come in notifications of SNS, and its other messages say nothing`() throws {
        let inbound = try AWSMessagingInbound(
            .test("aws-messaging", settings: Self.settings, secrets: Self.secrets), try ProviderOutcomes.tools())
        func call(_ type: String, _ message: String) -> InboundCall {
            let envelope: JSON = [
                "Type": .string(type), "MessageId": "m", "TopicArn": "arn:aws:sns:eu-north-1:123456789012:sms",
                "Message": .string(message), "Timestamp": "2026-01-02T03:04:05.678Z", "SignatureVersion": "2",
                "Signature": "x", "SigningCertURL": "https://sns.eu-north-1.amazonaws.com/a.pem", "Token": "t",
                "SubscribeURL": "https://sns.eu-north-1.amazonaws.com/",
            ]
            return .test("sns", body: String(decoding: envelope.serialized, as: UTF8.self))
        }
        let text = Fixtures.text("aws-messaging/text-delivered.json")
        #expect(try inbound.events(in: call("Notification", text)) == events("text-delivered.json"))
        #expect(try inbound.events(in: call("SubscriptionConfirmation", text)).isEmpty)
        #expect(try inbound.events(in: call("Notification", "Successfully validated SNS topic")).isEmpty)
    }

    @Test func `who is not on the list of topics is not believed`() async throws {
        let inbound = try AWSMessagingInbound(
            .test("aws-messaging", settings: Self.settings, secrets: Self.secrets), try ProviderOutcomes.tools())
        await #expect(throws: InboundRefusal.self) { try await inbound.verify(.test("sns", body: "{}")) }
    }

    @Test func `a call's event is of the voice channel, and a person's text is a reply`() throws {
        guard case .receipt(let busy) = try #require(try events("voice-busy.json").first) else {
            Issue.record("no receipt")
            return
        }
        #expect(busy.kind == .busy && busy.channel == "VOICE" && busy.reference == "reference-2")
        #expect(
            try events("inbound.json") == [
                .reply(
                    Reply(
                        key: "cae173d2-66b9-564c-8309-21f858e9fb84", channel: "SMS", from: "+14255550182",
                        to: "+12125550101", text: "EXAMPLE",
                        providerReference: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", at: Self.now))
            ])
    }

    @Test(
        arguments: [
            ("TEXT_QUEUED", .buffered), ("TEXT_SENT", .sent), ("TEXT_SUCCESSFUL", .sent),
            ("MEDIA_DELIVERED", .delivered),
            ("TEXT_INVALID", .hardBounce), ("TEXT_CARRIER_UNREACHABLE", .softBounce), ("TEXT_UNKNOWN", .softBounce),
            ("MEDIA_FILE_SIZE_EXCEEDED", .rejected), ("TEXT_PROTECT_BLOCKED", .rejected),
            ("TEXT_TTL_EXPIRED", .expired),
            ("RCS_READ", .read), ("VOICE_ANSWERED", .answered), ("VOICE_COMPLETED", .delivered),
            ("VOICE_NO_ANSWER", .noAnswer), ("VOICE_FAILED", .softBounce), ("VOICE_TTL_EXPIRED", .expired),
        ] as [(String, Receipt.Kind)])
    func `every type of event has its meaning`(type: String, kind: Receipt.Kind) throws {
        for text in [
            #"{"eventType": "\#(type)", "messageId": "m"}"#,
            #"{"detail-type": "x", "detail": {"eventType": "\#(type)"}}"#,
        ] {
            let events = try AWSMessagingEvents.events(in: text, at: Self.now)
            guard case .receipt(let receipt)? = events.first, events.count == 1 else {
                Issue.record("\(events)")
                return
            }
            #expect(receipt.kind == kind)
        }
    }

    @Test func `what is no event is none, and what cannot be read is said`() throws {
        #expect(try AWSMessagingEvents.events(in: "Successfully validated SNS topic", at: Self.now).isEmpty)
        #expect(try AWSMessagingEvents.events(in: #"{"eventType": "TEXT_INVENTED"}"#, at: Self.now).isEmpty)
        #expect(throws: InboundRefusal.self) { try AWSMessagingEvents.events(in: "{", at: Self.now) }
        #expect(throws: InboundRefusal.self) {
            try AWSMessagingEvents.events(in: #"{"inboundMessageId": "m"}"#, at: Self.now)
        }
    }
}
