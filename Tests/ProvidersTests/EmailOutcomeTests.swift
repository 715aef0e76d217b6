import Core
import Providers
import TestKit
import Testing

/// What the e-mail providers answer, each answer taken through to the books.
@Suite(.database) struct EmailOutcomeTests {
    private static func check(
        _ scenario: OutcomeCase, _ kind: String, settings: JSONObject = [:], secrets: JSONObject
    ) async throws {
        let email = try MailFixtures.email(to: "p1@example.com")
        try await ProviderOutcomes.check(
            scenario, kind: kind, channelType: "EMAIL", address: "p1@example.com", settings: settings, secrets: secrets,
            maker: \.email
        ) { _ in email }
    }

    // MARK: SES (https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html)

    private static func aws(_ status: Int, _ name: String, _ message: String = "no") -> ScriptedHTTP.Answer {
        .reply(
            status: status, headers: [("x-amzn-ErrorType", "\(name):http://x")], body: #"{"message": "\#(message)"}"#)
    }

    static let ses: [OutcomeCase] =
        [
            OutcomeCase("accepts", .reply(status: 200, body: #"{"MessageId": "0100-a"}"#), .accepted("0100-a")),
            OutcomeCase("throttles", aws(429, "TooManyRequestsException"), .throttled(1)),
            OutcomeCase("throttles by another name", aws(400, "ThrottlingException"), .throttled(1)),
            OutcomeCase("has given all of the day", aws(400, "LimitExceededException"), .throttled(300)),
            OutcomeCase("is out of order", .reply(status: 503, body: "<html>busy</html>"), .transient),
            OutcomeCase("finds no address", aws(400, "BadRequestException", "Missing final '@domain'"), .deadAddress),
            OutcomeCase("finds the message malformed", aws(400, "BadRequestException", "no body"), .rejected(.content)),
            OutcomeCase("finds a virus", aws(400, "MessageRejected", "Bad content"), .rejected(.content)),
            OutcomeCase(
                "does not know the sender",
                aws(400, "MessageRejected", "Email address is not verified: shop@example.com"),
                .rejected(.configuration)),
            OutcomeCase("is paused", aws(400, "SendingPausedException"), .rejected(.configuration)),
            OutcomeCase(
                "refuses the signature, in the body's form",
                .reply(status: 403, body: ##"{"__type": "com.amazon#SignatureDoesNotMatch", "Message": "no"}"##),
                .authentication),
            OutcomeCase("refuses the key", aws(403, "UnrecognizedClientException"), .authentication),
        ] + OutcomeCase.lost

    @Test(arguments: ses)
    func `what SES answers is what the books say`(scenario: OutcomeCase) async throws {
        try await Self.check(
            scenario, "ses", settings: ["Region": "eu-central-1"],
            secrets: ["AccessKeyId": "AKIDEXAMPLE", "SecretAccessKey": "secret"])
    }

    // MARK: SendGrid (https://www.twilio.com/docs/sendgrid/api-reference/how-to-use-the-sendgrid-v3-api/responses)

    private static func sendgridError(_ field: String) -> String {
        #"{"errors": [{"message": "said no", "field": "\#(field)", "help": null}]}"#
    }

    static let sendgrid: [OutcomeCase] =
        [
            OutcomeCase("accepts", .reply(status: 202, headers: [("X-Message-Id", "m1")]), .accepted("m1")),
            OutcomeCase("throttles", .reply(status: 429, headers: [("Retry-After", "9")]), .throttled(9)),
            OutcomeCase("throttles without a word", .reply(status: 429), .throttled(1)),
            OutcomeCase("is out of order", .reply(status: 500), .transient),
            OutcomeCase(
                "finds no address",
                .reply(
                    status: 400,
                    body: sendgridError("personalizations.0.to.0.email")),
                .deadAddress),
            OutcomeCase(
                "does not know the sender", .reply(status: 400, body: sendgridError("from.email")),
                .rejected(.configuration)
            ),
            OutcomeCase(
                "finds the message malformed", .reply(status: 400, body: sendgridError("content")), .rejected(.content)),
            OutcomeCase("finds it too large", .reply(status: 413), .rejected(.content)),
            OutcomeCase("refuses the key", .reply(status: 401, body: sendgridError("")), .authentication),
            OutcomeCase("forbids it", .reply(status: 403), .authentication),
        ] + OutcomeCase.lost

    @Test(arguments: sendgrid)
    func `what SendGrid answers is what the books say`(scenario: OutcomeCase) async throws {
        try await Self.check(scenario, "sendgrid", secrets: ["ApiKey": "SG.x"])
    }

    // MARK: Mailgun

    static let mailgun: [OutcomeCase] =
        [
            OutcomeCase(
                "accepts",
                .reply(status: 200, body: #"{"id": "<20260102.1@x.test>", "message": "Queued. Thank you."}"#),
                .accepted("20260102.1@x.test")),
            OutcomeCase(
                "is somewhere else", .reply(status: 200, body: "Mailgun Magnificent API"), .rejected(.configuration)),
            OutcomeCase("throttles", .reply(status: 429, headers: [("Retry-After", "12")]), .throttled(12)),
            OutcomeCase("is out of order", .reply(status: 502), .transient),
            OutcomeCase(
                "finds no address",
                .reply(
                    status: 400,
                    body: #"{"message": "'to' parameter is not a valid address. please check documentation"}"#),
                .deadAddress),
            OutcomeCase("finds it malformed", .reply(status: 400, body: #"{"message": "no"}"#), .rejected(.content)),
            OutcomeCase("wants to be paid", .reply(status: 402), .rejected(.configuration)),
            OutcomeCase("does not know the domain", .reply(status: 404), .rejected(.configuration)),
            OutcomeCase("refuses the key", .reply(status: 401, body: "Forbidden"), .authentication),
        ] + OutcomeCase.lost

    @Test(arguments: mailgun)
    func `what Mailgun answers is what the books say`(scenario: OutcomeCase) async throws {
        try await Self.check(scenario, "mailgun", settings: ["Domain": "mg.example.com"], secrets: ["ApiKey": "k"])
    }

    // MARK: Postmark (https://postmarkapp.com/developer/api/overview#error-codes)

    private static func postmarkAnswer(_ status: Int, _ code: Int, _ words: String = "no") -> ScriptedHTTP.Answer {
        .reply(status: status, body: #"{"ErrorCode": \#(code), "Message": "\#(words)", "MessageID": "m1"}"#)
    }

    static let postmark: [OutcomeCase] =
        [
            OutcomeCase("accepts", postmarkAnswer(200, 0, "OK"), .accepted("m1")),
            OutcomeCase("throttles", .reply(status: 429, headers: [("Retry-After", "3")]), .throttled(3)),
            OutcomeCase("is out of order", .reply(status: 500), .transient),
            OutcomeCase("is under maintenance", postmarkAnswer(503, 100), .transient),
            OutcomeCase("finds no address", postmarkAnswer(422, 300, "Invalid 'To' address: 'x'."), .deadAddress),
            OutcomeCase(
                "finds it malformed", postmarkAnswer(422, 300, "Invalid 'From' address: 'x'."), .rejected(.content)),
            OutcomeCase("keeps the address off", postmarkAnswer(422, 406), .deadAddress),
            OutcomeCase("does not know the sender", postmarkAnswer(422, 400), .rejected(.configuration)),
            OutcomeCase("waits for approval", postmarkAnswer(422, 412), .rejected(.configuration)),
            OutcomeCase("does not take such files", postmarkAnswer(422, 411), .rejected(.content)),
            OutcomeCase("refuses the token", postmarkAnswer(401, 10), .authentication),
        ] + OutcomeCase.lost

    @Test(arguments: postmark)
    func `what Postmark answers is what the books say`(scenario: OutcomeCase) async throws {
        try await Self.check(scenario, "postmark", secrets: ["ServerToken": "t"])
    }
}
