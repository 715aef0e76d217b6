import Core
import Delivery
import Postgres
import Providers
import TestKit
import Testing

@testable import CampaignScheduler

@Suite(.database) struct DevInboxTests {
    private static let on = ["NEEDLETAIL_DEV_INBOX": "1"]

    private static func message(html: String?, text: String?, subject: String = "Grüße & <b>") throws -> [UInt8] {
        let mailbox = EmailMailbox(address: try #require(EmailAddress("shop@example.com")))
        var bytes: [UInt8] = []
        try EmailComposer(layout: EmailLayout(from: mailbox)).append(
            EmailContent(
                subject: Array(subject.utf8), html: html.map { Array($0.utf8) }, text: text.map { Array($0.utf8) }),
            for: EmailRecipient(to: mailbox, token: "token", date: Instant(seconds: 899_251_200)), to: &bytes)
        return bytes
    }

    private static func receive(_ raw: [UInt8], to recipient: String, subject: String) async throws {
        try await TestDatabase.current.database.execute(
            """
            INSERT INTO dev_inbox (channel, sender, recipient, subject, message_id, raw, received_at)
            VALUES ('EMAIL', 'shop@example.com', \(recipient), \(subject), '<token@example.com>',
                    \(SQLBind.bytes(raw)), '1998-07-01T00:00:00Z')
            """
        )
    }

    @Test func `what was caught is listed, opened, shown and cleared`() async throws {
        let html = "<p>Grüße, <a href=\"https://example.com/x\">hier</a> = \(String(repeating: "x", count: 200))</p>"
        let raw = try Self.message(html: html, text: "Grüße an alle, die dies lesen\n.\nEnde")
        for number in 1...3 {
            try await Self.receive(raw, to: "p\(number)@example.com", subject: "<script>\(number)</script>")
        }
        try await ServiceUnderTest.run(ControlRoutes.all, settings: Self.on) { service in
            let first = try await service.call("GET", "/dev/inbox?limit=2", isSigned: false).json
            #expect(first["messages"]?.array?.map { $0["recipient"] } == ["p3@example.com", "p2@example.com"])
            let next = try #require(first["next"]?.int)
            let rest = try await service.call("GET", "/dev/inbox?limit=2&before=\(next)", isSigned: false).json
            #expect(rest["messages"]?.array?.map { $0["recipient"] } == ["p1@example.com"])
            #expect(rest["next"] == nil)
            let found = try await service.call("GET", "/dev/inbox?recipient=p2%40example.com", isSigned: false).json
            let entry = try #require(found["messages"]?.array?.first)
            #expect(found["messages"]?.array?.count == 1)
            #expect(entry["channel"] == "EMAIL")
            #expect(entry["message_id"] == "<token@example.com>")
            #expect(entry["received_at"] == "1998-07-01T00:00:00.000Z")
            let id = try #require(entry["id"]?.int)

            let one = try await service.call("GET", "/dev/inbox/\(id)", isSigned: false).json
            #expect(one["html"]?.string?.filter { $0 != "\r\n" } == html)
            #expect(one["text"] == "Grüße an alle, die dies lesen\r\n.\r\nEnde")
            let subject = one["headers"]?.array?.first { $0["name"] == "Subject" }
            #expect(subject?["value"] == "Grüße & <b>")
            #expect(try await service.call("GET", "/dev/inbox/\(id)/raw", isSigned: false).body == raw)

            let page = try await service.call("GET", "/dev/inbox/\(id).html", isSigned: false)
            #expect(page.text.hasPrefix("<p>Grüße"))
            #expect(page.header("content-security-policy")?.hasPrefix("sandbox") == true)
            for target in ["/dev/inbox.html", "/dev/inbox"] {
                let index = try await service.call("GET", target, isSigned: false, headers: [("Accept", "text/html")])
                #expect(index.text.contains("&lt;script&gt;2&lt;/script&gt;"))
                #expect(!index.text.contains("<script>"))
            }
            for target in ["/dev/inbox?limit=0", "/dev/inbox?before=x"] {
                #expect(try await service.call("GET", target, isSigned: false).status == 400)
            }
            for target in ["/dev/inbox/0", "/dev/inbox/x", "/dev/inbox/x.html", "/dev/inbox/99999/raw"] {
                #expect(try await service.call("GET", target, isSigned: false).status == 404, "\(target)")
            }
            #expect(try await service.call("DELETE", "/dev/inbox", isSigned: false).status == 204)
            #expect(try await service.call("GET", "/dev/inbox", isSigned: false).json == ["messages": []])
        }
    }

    @Test func `it is not there unless it was switched on`() async throws {
        try await ServiceUnderTest.run(ControlRoutes.all) { service in
            for (method, target) in [("GET", "/dev/inbox"), ("DELETE", "/dev/inbox"), ("GET", "/dev/inbox/1/raw")] {
                let answer = try await service.call(method, target, isSigned: false)
                #expect(answer.status == 404)
            }
        }
    }
}
