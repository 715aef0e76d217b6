import Core
import Model
import PinpointAPI
import Postgres
import TestKit
import Testing

/// What a campaign's notifications say on each channel: its own words, its template's, or the default's.
@Suite(.database) struct PushPlannerTests {
    private func push(_ members: String, in fixture: CampaignFixture) async throws -> RunPlan.PushContent? {
        var object = try #require(try JSON.parse(Array("{\(members)}".utf8)).object)
        object["SegmentId"] = .string(fixture.segment.description)
        object["Schedule"] = ["StartTime": "IMMEDIATE"]
        let campaign = try CampaignDefinition(WriteCampaignRequest(json: .object(object), at: .root)).request
        return try await fixture.database.withSession {
            try await RunPlanner.treatments(of: campaign, app: fixture.app, account: fixture.account, in: $0)
        }.first?.push
    }

    private func prepared() async throws -> CampaignFixture {
        let fixture = try CampaignFixture()
        try await fixture.prepare()
        try await fixture.database.transaction { session in
            let template: JSON = [
                "Default": ["Title": "T", "Body": "{{> s}}", "Sound": "ding"],
                "GCM": ["Body": "G {{Attributes.x}}", "ImageUrl": "i"], "APNS": ["RawContent": "{}"],
                "DefaultSubstitutions": #"{"Attributes.x":"y"}"#,
            ]
            _ = try await TemplateStore.create(
                "all", TemplateContent(.push, request: template), account: fixture.account, now: fixture.now,
                in: session)
            let snippet = Snippet(
                name: "s", body: "S", description: nil, createdAt: fixture.now, modifiedAt: fixture.now)
            _ = try await SnippetStore.put(snippet, account: fixture.account, in: session)
        }
        return fixture
    }

    @Test func `a template's parts are for their platforms, its default for the rest`() async throws {
        let fixture = try await prepared()
        let content = try #require(
            try await push(#""TemplateConfiguration": {"PushTemplate": {"Name": "all"}}"#, in: fixture))
        #expect(content.messages["GCM"] == ["Body": "G {{Attributes.x}}", "ImageUrl": "i"])
        #expect(content.messages["APNS_VOIP"] == ["RawContent": "{}"])
        for type in ["ADM", "BAIDU", "PUSH"] {
            #expect(content.messages[type]?["Title"] == "T" && content.messages[type]?["Sound"] == "ding")
        }
        #expect(content.defaultSubstitutions == ["Attributes.x": "y"])
        #expect(content.snippets == ["s": "S"])
    }

    @Test func `a campaign's own words come first, and the template fills in what they leave out`() async throws {
        let fixture = try await prepared()
        let content = try #require(
            try await push(
                #"""
                "TemplateConfiguration": {"PushTemplate": {"Name": "all"}},
                "MessageConfiguration": {"GCMMessage": {"Body": "own"}, "APNSMessage": {"Title": "own"},
                                         "ADMMessage": {"TimeToLive": 9}}
                """#, in: fixture))
        #expect(content.messages["GCM"] == ["Body": "own", "ImageUrl": "i"])
        #expect(content.messages["APNS"] == ["Title": "own"], "not the template's raw content")
        #expect(content.messages["ADM"]?["TimeToLive"] == 9)
        #expect(content.messages["ADM"]?["Title"] == "T")
    }

    @Test func `a default message is for every platform, one that says nothing for none`() async throws {
        let fixture = try await prepared()
        let content = try await push(
            #""MessageConfiguration": {"DefaultMessage": {"Body": "B"}, "SMSMessage": {"Body": "S"}}"#, in: fixture)
        #expect(content?.channels.count == 8)
        let none = try await push(
            #""MessageConfiguration": {"DefaultMessage": {"Url": "u"}, "SMSMessage": {"Body": "S"}}"#, in: fixture)
        #expect(none == nil)
    }

    @Test func `what is missing is named`() async throws {
        let fixture = try await prepared()
        let fault = await #expect(throws: Fault.self) {
            try await push(#""MessageConfiguration": {"GCMMessage": {"Url": "https://x.example"}}"#, in: fixture)
        }
        #expect(
            fault?.publicMessage
                == "MessageConfiguration.GCMMessage.Body is required, or Title, JsonBody, SilentPush or RawContent")
        try await fixture.database.execute("DELETE FROM snippets")
        let gone = await #expect(throws: Fault.self) {
            try await push(#""TemplateConfiguration": {"PushTemplate": {"Name": "all"}}"#, in: fixture)
        }
        #expect(gone?.publicMessage.hasPrefix("MessageConfiguration is not a valid template") == true)
    }
}
