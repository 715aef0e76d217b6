import Core
import Crypto
import Model
import Postgres
import TestKit
import Testing

@testable import CampaignScheduler

/// The buttons of the development inbox.
@Suite(.database) struct DevInboxActionTests {
    private static let on = ["NEEDLETAIL_DEV_INBOX": "1"]
    private let run = RunID(high: 5, low: 6)

    /// A message of a run, as the channel's provider stored it; its id in the inbox.
    private func receive(_ channel: String, of app: String) async throws -> Int64 {
        let database = try TestDatabase.current.database
        try await database.execute(
            """
            INSERT INTO runs (app, id, campaign, campaign_version, occurrence, run_day, state, frozen, scheduled_at, started_at)
            VALUES (\(app)::uuid, \(run), \(run), 1, '1', '1998-07-01', 'RUNNING', '{}', '1998-07-01', '1998-07-01')
            ON CONFLICT DO NOTHING
            """)
        let references = SendReferences(masterKey: try MasterKey(bytes: [UInt8](repeating: 7, count: 32)))
        let token = references.mint(
            SendReference(run: run, chunk: 0, ordinal: 3, endpointKey: 77, treatment: 0))
        let rows = try await database.query(
            """
            INSERT INTO dev_inbox (channel, sender, recipient, subject, message_id, raw)
            VALUES (\(channel), '+4670000000', '+15551230000', 'hello', \(channel == "EMAIL" ? "<\(token)@a.test>" : token),
                    'hello <b>you</b>'::bytea)
            RETURNING id
            """)
        return try rows[0].get(0)
    }

    private func events() async throws -> [InboundEvent] {
        let rows = try await TestDatabase.current.database.query(
            "SELECT body FROM inbound_calls ORDER BY received_at, id")
        return try rows.map { row in try InboundEvent(json: JSON.parse(row.get(0) as [UInt8])) }
    }

    @Test func `each button of each channel is an event of the message's own send`() async throws {
        try await ServiceUnderTest.run(ControlRoutes.all, settings: Self.on) { service in
            let app = try await service.createApp()
            var pressed = 0
            for channel in ["EMAIL", "SMS", "VOICE", "GCM"] {
                let id = try await receive(channel, of: app)
                for action in DevInboxAction.all(on: channel) {
                    let body: JSON? = action.prompt == nil ? nil : ["text": "Ja, gern"]
                    let answer = try await service.call(
                        "POST", "/dev/inbox/\(id)/\(action.rawValue)", body, isSigned: false)
                    #expect(answer.status == 202, "\(channel) \(action): \(answer.text)")
                    pressed += 1
                }
            }
            let events = try await events()
            #expect(events.count == pressed)
            for event in events {
                switch event {
                case .receipt(let receipt): #expect(receipt.reference != nil && receipt.address == "+15551230000")
                case .reply(let reply):
                    #expect(reply.from == "+15551230000" && ["Ja, gern", "STOP"].contains(reply.text))
                }
            }
            let jobs = try await TestDatabase.current.database.query(
                "SELECT count(*) FROM jobs WHERE queue = 'inbound'")
            #expect(try jobs[0].get(0) as Int64 == Int64(pressed))
        }
    }

    @Test func `the page shows the message, escaped, with the buttons of its channel`() async throws {
        try await ServiceUnderTest.run(ControlRoutes.all, settings: Self.on) { service in
            let id = try await receive("SMS", of: try await service.createApp())
            let page = try await service.call("GET", "/dev/inbox/\(id)/view", isSigned: false).text
            #expect(page.contains("hello &lt;b&gt;you&lt;/b&gt;") && !page.contains("<b>you"))
            for action in DevInboxAction.all(on: "SMS") {
                #expect(page.contains("/dev/inbox/\(id)/\(action.rawValue)\""))
            }
            #expect(!page.contains("/complain\""))
            let form = try await service.send(
                "POST", "/dev/inbox/\(id)/reply", Array("text=Ja%2C+gern%21".utf8), isSigned: false,
                headers: [("Content-Type", "application/x-www-form-urlencoded"), ("Accept", "text/html")])
            #expect(form.status == 303 && form.header("location") == "/dev/inbox/\(id)/view?done=reply")
            guard case .reply(let reply) = try await events().first else {
                Issue.record("the form's answer is a reply")
                return
            }
            #expect(reply.text == "Ja, gern!" && reply.to == "+4670000000")
        }
    }

    @Test func `strangers' pages, other channels' buttons and messages of nobody change nothing`() async throws {
        try await ServiceUnderTest.run(ControlRoutes.all, settings: Self.on) { service in
            let id = try await receive("SMS", of: try await service.createApp())
            let foreign = try await service.call(
                "POST", "/dev/inbox/\(id)/stop", isSigned: false, headers: [("Origin", "https://evil.test")])
            #expect(foreign.status == 400)
            #expect(try await service.call("POST", "/dev/inbox/\(id)/complain", isSigned: false).status == 400)
            #expect(try await service.call("POST", "/dev/inbox/\(id)/reply", isSigned: false).status == 400)
            #expect(try await service.call("POST", "/dev/inbox/\(id)/fly", isSigned: false).status == 404)
            #expect(try await service.call("POST", "/dev/inbox/999/stop", isSigned: false).status == 404)
            try await TestDatabase.current.database.execute("UPDATE dev_inbox SET message_id = 'somebody else''s'")
            #expect(try await service.call("POST", "/dev/inbox/\(id)/stop", isSigned: false).status == 400)
            #expect(try await events().isEmpty)
        }
    }
}
