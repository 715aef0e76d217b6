import Core
import Crypto
import Model
import Postgres
import TestKit
import Testing

/// Calls as they run: from a voice template through the voice worker into the development inbox, and to a provider.
@Suite(.scenario, .database) struct CallsReachPeopleTests {
    @Test func `a campaign rings people up, by the inbox and by Twilio, and the books balance`() async throws {
        let test = try TestDatabase.current
        let twilio = try ScriptedHTTP.start { call in
            let number = Self.field("To", call)
            return number.hasSuffix("0113")
                ? .reply(status: 400, body: #"{"code": 21217, "message": "no such number"}"#)
                : .reply(status: 201, body: #"{"sid": "CA\#(number.dropFirst())", "status": "queued"}"#)
        }
        let settings = ["NEEDLETAIL_DEV_INBOX": "1", "NEEDLETAIL_OUTBOUND_ALLOW": "127.0.0.1/32"]
        let services = RunningSuite.Service.ofEmail.union([.voice])
        try await RunningSuite.with(settings: settings, services: services) { suite in
            let output = try await suite.drive("voice_story.py", [twilio.url])
            let campaigns = output.values(after: "inbox") + output.values(after: "twilio")
            #expect(campaigns.count == 2)
            for campaign in campaigns { try await CampaignReachesPeopleTests.prove(campaign, test.url) }
            lookAtCalls(twilio.calls, suite.url)
        }
        try await lookAtInbox(test.database)
    }

    /// One call each: the number that does not exist too.
    private func lookAtCalls(_ calls: [ScriptedHTTP.Call], _ url: String) {
        #expect(calls.count == 18 && Set(calls.map { Self.field("To", $0) }).count == 18)
        for call in calls {
            #expect(call.target == "/2010-04-01/Accounts/AC0123456789abcdef0123456789abcdef/Calls.json")
            #expect(Self.field("From", call) == "+15005550006")
            let number = (Int(Self.field("To", call).suffix(4)) ?? 0) - 100
            let twiml = Self.field("Twiml", call)
            #expect(
                twiml.contains(
                    "<Say voice=\"Polly.Joanna\" language=\"en-US\">Hello <emphasis>&lt;Person&gt; &amp; \(number)</emphasis></Say>"
                ))
            #expect(twiml.contains("action=\"\(url)/inbound/") && twiml.contains("&amp;out=9"))
        }
    }

    private func lookAtInbox(_ database: Database) async throws {
        let rows = try await database.query(
            "SELECT sender, recipient, message_id, convert_from(raw, 'UTF8') FROM dev_inbox WHERE channel = 'VOICE'")
        #expect(rows.count == 18)
        let references = SendReferences(
            masterKey: try MasterKey(bytes: Array("0123456789abcdef0123456789ABCDEF".utf8)))
        for row in rows {
            let (sender, recipient): (String, String) = (try row.get(0), try row.get(1))
            let (token, text): (String, String) = (try row.get(2), try row.get(3))
            #expect(sender == "+15005550006" && references.verify(token) != nil)
            let number = (Int(recipient.suffix(4)) ?? 0) - 100
            #expect(text == "<speak>Hello <emphasis>&lt;Person&gt; &amp; \(number)</emphasis></speak>", "\(recipient)")
        }
    }

    private static func field(_ name: String, _ call: ScriptedHTTP.Call) -> String {
        for part in call.text.split(separator: "&") where part.hasPrefix("\(name)=") {
            return unescaped(part.dropFirst(name.count + 1))
        }
        return ""
    }

    private static func unescaped(_ text: Substring) -> String {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%"),
                let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
            else {
                bytes.append(byte)
                continue
            }
            bytes.append(value)
            rest = rest.dropFirst(2)
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
