import Core
import Model
import PinpointAPI
import Postgres
import Queue
import TestKit
import Testing

/// What a treatment's text says once it is frozen: message, template, default message, in this order.
@Suite(.database) struct SMSPlannerTests {
    private func treatment(_ members: String, in fixture: CampaignFixture) async throws -> RunPlan.Treatment {
        var object = try #require(try JSON.parse(Array("{\(members)}".utf8)).object)
        object["SegmentId"] = .string(fixture.segment.description)
        object["Schedule"] = ["StartTime": "IMMEDIATE"]
        let campaign = try CampaignDefinition(WriteCampaignRequest(json: .object(object), at: .root)).request
        let treatments = try await fixture.database.withSession {
            try await RunPlanner.treatments(of: campaign, app: fixture.app, account: fixture.account, in: $0)
        }
        return try #require(treatments.first)
    }

    private func fixture(isEnabled: Bool = true) async throws -> CampaignFixture {
        let fixture = try CampaignFixture()
        try await fixture.prepare(endpoints: 1)
        try await fixture.database.execute(
            """
            INSERT INTO channels (app, type, configuration, enabled, created_at, modified_at)
            VALUES (\(fixture.app), 'SMS', '{}', \(isEnabled), \(fixture.now), \(fixture.now))
            """)
        try await fixture.database.transaction { session in
            let request: JSON = [
                "Body": "template {{Attributes.A}}", "DefaultSubstitutions": #"{"Attributes.A": "x"}"#,
                "Needletail": ["Locales": ["de_AT": ["Body": "Vorlage"]], "MediaUrls": ["https://e.test/{{Id}}.png"]],
            ]
            _ = try await TemplateStore.create(
                "t", TemplateContent(.sms, request: request), account: fixture.account, now: fixture.now, in: session)
        }
        return fixture
    }

    private let template = #""TemplateConfiguration": {"SMSTemplate": {"Name": "t"}}"#

    @Test func `a template brings its body, its languages, its defaults and its pictures`() async throws {
        let sms = try #require(try await treatment(template, in: try await fixture()).sms)
        #expect(sms.body == "template {{Attributes.A}}" && sms.locales == ["de_at": "Vorlage"])
        #expect(sms.defaultSubstitutions == ["Attributes.A": "x"] && sms.mediaURLs == ["https://e.test/{{Id}}.png"])
        #expect(sms.messageType == "PROMOTIONAL")
    }

    @Test func `the message's own body holds in every language, and its fields go along`() async throws {
        let own =
            #""MessageConfiguration": {"SMSMessage": {"Body": "own", "MessageType": "TRANSACTIONAL", "OriginationNumber": "+1", "#
            + #""SenderId": "S", "EntityId": "E", "TemplateId": "T"}}"#
        let sms = try #require(try await treatment("\(own), \(template)", in: try await fixture()).sms)
        #expect(sms.body == "own" && sms.locales.isEmpty && sms.messageType == "TRANSACTIONAL")
        #expect(sms.originationNumber == "+1" && sms.senderID == "S" && sms.entityID == "E" && sms.templateID == "T")
    }

    @Test func `without a word of its own its type is the campaign's purpose`() async throws {
        let purpose = #""Needletail": {"Purpose": "TRANSACTIONAL"}"#
        let sms = try #require(try await treatment("\(template), \(purpose)", in: try await fixture()).sms)
        #expect(sms.messageType == "TRANSACTIONAL")
    }

    @Test func `a default message is a text too`() async throws {
        let message = #""MessageConfiguration": {"DefaultMessage": {"Title": "t", "Body": "for all"}}"#
        let treatment = try await treatment(message, in: try await fixture())
        #expect(treatment.sms?.body == "for all" && treatment.channels(of: .sms) == ["SMS"])
        #expect(!treatment.otherChannels.contains("SMS"))
    }

    @Test func `an app whose channel is off has nobody who sends its texts`() async throws {
        let treatment = try await treatment(template, in: try await fixture(isEnabled: false))
        #expect(treatment.sms == nil && treatment.otherChannels == ["SMS"])
    }

    @Test func `pictures are a short list of addresses`() throws {
        for media in [
            #""https://x""#, "[1]", "[\"\"]",
            "[\(Array(repeating: "\"https://x\"", count: 11).joined(separator: ","))]",
        ] {
            let json = try JSON.parse(Array(#"{"Body": "b", "Needletail": {"MediaUrls": \#(media)}}"#.utf8))
            let content = try TemplateContent(.sms, request: json)
            #expect(throws: APIError.self, "\(media.prefix(20))") { try content.checkExtensions() }
        }
    }
}
