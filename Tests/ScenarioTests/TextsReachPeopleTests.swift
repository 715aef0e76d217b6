import Core
import Crypto
import EventLoop
import Model
import Postgres
import TestKit
import Testing

/// Texts as they run: from the API through the SMS worker into the development inbox, and to a provider.
@Suite(.scenario, .database) struct TextsReachPeopleTests {
    @Test func `a campaign's texts reach the inbox and Twilio, its e-mails the mail server, and the books balance`()
        async throws
    {
        let test = try TestDatabase.current
        let asked = Lock<[String: Int]>([:])
        let twilio = try ScriptedHTTP.start { call in
            let number = Self.field("To", call)
            let times = asked.withLock { asked -> Int in
                asked[number, default: 0] += 1
                return asked[number] ?? 1
            }
            if number.hasSuffix("0013") {
                return .reply(status: 400, body: #"{"code": 21211, "message": "no such number"}"#)
            }
            if number.hasSuffix("0014"), times == 1 {
                return .reply(
                    status: 429, headers: [("Retry-After", "1")], body: #"{"code": 20429, "message": "slow down"}"#)
            }
            return .reply(status: 201, body: #"{"sid": "SM\#(number.dropFirst())", "status": "queued"}"#)
        }
        let settings = ["NEEDLETAIL_DEV_INBOX": "1", "NEEDLETAIL_OUTBOUND_ALLOW": "127.0.0.1/32"]
        try await RunningSuite.with(settings: settings, services: RunningSuite.Service.ofEmail.union([.sms])) { suite in
            let output = try await suite.drive("sms_story.py", [suite.sink.messagesFile, twilio.url])
            let campaigns = output.values(after: "inbox") + output.values(after: "twilio")
            #expect(campaigns.count == 2)
            for campaign in campaigns { try await CampaignReachesPeopleTests.prove(campaign, test.url) }
        }
        try await lookAtInbox(test.database)
        // One call each, and one more for whom it was too fast.
        #expect(asked.withLock { $0.count } == 38 && asked.withLock { $0["+46700000014"] } == 2)
        #expect(asked.withLock { $0.values.filter { $0 > 1 }.count } == 1)
        for call in twilio.calls {
            #expect(Self.field("From", call) == "12345" && call.header("authorization")?.hasPrefix("Basic ") == true)
            let number = Int(Self.field("To", call).suffix(4)) ?? -1
            #expect(Self.field("Body", call) == "Hi Person \(number)")
            #expect(Self.field("StatusCallback", call).contains("/receipts?ref="))
        }
        let references: Int64 = try await test.database.query(
            "SELECT count(*) FROM send_outcomes WHERE provider_ref LIKE 'SM4670000%' AND outcome = 1")[0].get(0)
        #expect(references == 37)
    }

    private func lookAtInbox(_ database: Database) async throws {
        let rows = try await database.query(
            "SELECT sender, recipient, message_id, convert_from(raw, 'UTF8') FROM dev_inbox WHERE channel = 'SMS'")
        #expect(rows.count == 38)
        let key = try MasterKey(bytes: Array("0123456789abcdef0123456789ABCDEF".utf8))
        let references = SendReferences(masterKey: key)
        for row in rows {
            let (sender, recipient): (String, String) = (try row.get(0), try row.get(1))
            let (token, text): (String, String) = (try row.get(2), try row.get(3))
            #expect(sender == "SHOP" && references.verify(token) != nil)
            #expect(text == "Hi Person \(Int(recipient.suffix(4)) ?? -1)!", "\(recipient)")
        }
    }

    private static func field(_ name: String, _ call: ScriptedHTTP.Call) -> String {
        for part in call.text.split(separator: "&") where part.hasPrefix("\(name)=") {
            let raw = String(part.dropFirst(name.count + 1))
            return raw.replacing("%2B", with: "+").replacing("%20", with: " ").replacing("%3F", with: "?")
                .replacing("%2F", with: "/").replacing("%3D", with: "=")
        }
        return ""
    }
}
