import Core
import Providers
import TestKit
import Testing

/// Twilio's answers (https://www.twilio.com/docs/api/errors), each taken through to the books.
@Suite(.database) struct TwilioOutcomeTests {
    static let cases: [OutcomeCase] =
        [
            OutcomeCase("accepts", TwilioFixture.reply(201, "accepted.json"), .accepted(TwilioFixture.sid)),
            OutcomeCase(
                "throttles, and says for how long",
                .reply(status: 429, headers: [("Retry-After", "7")], body: TwilioFixture.error(20429)), .throttled(7)),
            OutcomeCase("throttles without a word", .reply(status: 429), .throttled(1)),
            OutcomeCase("has its queue full", .reply(status: 400, body: TwilioFixture.error(21611)), .throttled(5)),
            OutcomeCase("is out of order", .reply(status: 503, body: "<html>busy</html>"), .transient),
            OutcomeCase("knows no such number", TwilioFixture.reply(400, "invalid-to.json"), .deadAddress),
            OutcomeCase("knows it as a landline", .reply(status: 400, body: TwilioFixture.error(21614)), .deadAddress),
            OutcomeCase(
                "was told STOP", .reply(status: 400, body: TwilioFixture.error(21610)), .rejected(.optedOut)),
            OutcomeCase(
                "may not send there", .reply(status: 400, body: TwilioFixture.error(21408)), .rejected(.configuration)),
            OutcomeCase(
                "finds it too long", .reply(status: 400, body: TwilioFixture.error(21617)), .rejected(.content)),
            OutcomeCase(
                "says what nobody knows", .reply(status: 400, body: TwilioFixture.error(29999)), .rejected(.content)),
            OutcomeCase("refuses the credentials", TwilioFixture.reply(401, "unauthorized.json"), .authentication),
            OutcomeCase("takes it without a name", .reply(status: 200, body: "<html>ok</html>"), .unknown),
        ] + OutcomeCase.lost

    @Test(arguments: cases)
    func `what Twilio answers is what the books say`(scenario: OutcomeCase) async throws {
        try await ProviderOutcomes.check(
            scenario, kind: "twilio", channelType: "SMS", address: "+14155550100", settings: TwilioFixture.settings,
            secrets: TwilioFixture.secrets, maker: \.sms
        ) { _ in
            OutgoingSMS(to: "+14155550100", from: nil, body: "Hello", token: "token")
        }
    }
}

enum TwilioFixture {
    static let account = "AC0123456789abcdef0123456789abcdef"
    static let sid = "SM0123456789abcdef0123456789abcdef"
    static let settings: JSONObject = ["AccountSid": .string(account), "From": "+15005550006"]
    static let secrets: JSONObject = ["AuthToken": "12345"]

    static func reply(_ status: Int, _ file: String) -> ScriptedHTTP.Answer {
        .reply(status: status, body: Fixtures.text("twilio/\(file)"))
    }

    static func error(_ code: Int) -> String {
        """
        {"code": \(code), "message": "said \(code)", "more_info": "https://www.twilio.com/docs/errors/\(code)", "status": 400}
        """
    }
}

/// What is recorded under `Fixtures/`.
enum Fixtures {
    /// Empty when there is no such file: then the test that needs it fails.
    static func text(_ path: String) -> String {
        (try? ScratchFile.read("\(BuildPaths.repository)/Tests/ProvidersTests/Fixtures/\(path)")) ?? ""
    }

    static func json(_ path: String) throws -> JSON { try JSON.parse(Array(text(path).utf8)) }
}
