import Core
import Model
import PinpointAPI
import Postgres
import TestKit
import Testing

@Suite(.database) struct RunPlannerTests {
    /// Versions 1–3, of which 2 is active.
    private func addTemplate(_ fixture: CampaignFixture) async throws {
        try await fixture.database.transaction { session in
            try await session.execute(
                """
                INSERT INTO templates (account, name, type, version, active_version, last_version, created_at, modified_at)
                VALUES (\(fixture.account), 'spring', 'EMAIL', 3, 2, 3, \(fixture.now), \(fixture.now))
                """
            )
            for version in 1...3 as ClosedRange<Int32> {
                let content: JSON = [
                    "Subject": .string("S\(version)"), "HtmlPart": .string("H\(version)"),
                    "DefaultSubstitutions": .string(#"{"a":"b"}"#),
                    "Headers": [["Name": "X-V", "Value": .string("\(version)")]],
                ]
                try await session.execute(
                    """
                    INSERT INTO template_versions (account, name, type, version, content, created_at, modified_at)
                    VALUES (\(fixture.account), 'spring', 'EMAIL', \(version), \(SQLBind.jsonb(content.serialized)),
                            \(fixture.now), \(fixture.now))
                    """
                )
            }
        }
    }

    private func email(
        _ fixture: CampaignFixture,
        version: String? = nil,
        name: String = "spring",
        _ own: CampaignEmailMessage? = nil
    ) async throws -> RunPlan.EmailContent? {
        var request = fixture.request()
        request.messageConfiguration = own.map { MessageConfiguration(emailMessage: $0) }
        request.templateConfiguration = TemplateConfiguration(emailTemplate: Template(name: name, version: version))
        let campaign = request
        return try await fixture.database.withSession {
            try await RunPlanner.treatments(of: campaign, app: fixture.app, account: fixture.account, in: $0).first?
                .email
        }
    }

    @Test func `a template is taken in its active version unless one is named`() async throws {
        let fixture = try CampaignFixture()
        try await fixture.prepare()
        try await addTemplate(fixture)
        let active = try #require(try await email(fixture))
        #expect(active.subject == "S2")
        #expect(active.html == "H2")
        #expect(active.from == "shop@example.com")
        #expect(active.headers == [.init(name: "X-V", value: "2")])
        #expect(active.defaultSubstitutions == ["a": "b"])
        #expect(try await email(fixture, version: "1")?.subject == "S1")
        #expect(try await email(fixture, version: "latest")?.subject == "S3")
    }

    @Test func `the message's own fields come before the template's`() async throws {
        let fixture = try CampaignFixture()
        try await fixture.prepare()
        try await addTemplate(fixture)
        let own = CampaignEmailMessage(body: "text", fromAddress: "other@example.com", title: "Mine")
        let content = try #require(try await email(fixture, own))
        #expect(content.from == "other@example.com")
        #expect(content.subject == "Mine")
        #expect(content.text == "text")
        #expect(content.html == "H2")
    }

    @Test func `variants by locale and the snippets of all texts are frozen`() async throws {
        let fixture = try CampaignFixture()
        try await fixture.prepare()
        try await fixture.database.transaction { session in
            let content = try TemplateContent(
                .email,
                request: [
                    "Subject": "S", "HtmlPart": "{{> a}}", "TextPart": "T",
                    "Needletail": [
                        "Locales": [
                            "de-AT": ["Subject": "DE", "TextPart": "{{> c}}", "DefaultSubstitutions": #"{"x":"y"}"#]
                        ]
                    ],
                ])
            _ = try await TemplateStore.create(
                "spring", content, account: fixture.account, now: fixture.now, in: session)
            for (name, body) in [("a", "A {{> b}}"), ("b", "B"), ("c", "C"), ("d", "D")] {
                let snippet = Snippet(
                    name: name, body: body, description: nil, createdAt: fixture.now, modifiedAt: fixture.now)
                _ = try await SnippetStore.put(snippet, account: fixture.account, in: session)
                _ = try await SnippetStore.put(snippet, account: "999999999999", in: session)
            }
        }
        let content = try #require(try await email(fixture))
        #expect(content.locales == ["de_at": .init(subject: "DE", text: "{{> c}}", defaultSubstitutions: ["x": "y"])])
        #expect(content.snippets == ["a": "A {{> b}}", "b": "B", "c": "C"])
        // What the campaign says itself, it says in every language.
        let own = try #require(try await email(fixture, CampaignEmailMessage(body: "own", title: "Mine")))
        #expect(own.locales == ["de_at": .init(defaultSubstitutions: ["x": "y"])])
        #expect(own.snippets == ["a": "A {{> b}}", "b": "B"])
        // A snippet that is gone stops the run before it starts.
        try await fixture.database.execute("DELETE FROM snippets WHERE name = 'b'")
        let fault = await #expect(throws: Fault.self) { try await email(fixture) }
        #expect(fault?.code == .invalid)
        #expect(
            fault?.publicMessage.hasPrefix(
                "MessageConfiguration.EmailMessage is not a valid template: line 1, column 3: in the snippet \"a\": the partial \"b\""
            ) == true)
    }

    @Test func `what is missing is named`() async throws {
        let fixture = try CampaignFixture()
        try await fixture.prepare()
        try await addTemplate(fixture)
        func refusal(_ version: String? = nil, name: String = "spring") async throws -> String? {
            do {
                _ = try await email(fixture, version: version, name: name)
                return nil
            } catch let fault as Fault where fault.code == .invalid {
                return fault.publicMessage
            }
        }
        let place = "TemplateConfiguration.EmailTemplate"
        for version in [nil, "latest", "1"] {
            let message = try await refusal(version, name: "none")
            #expect(message == "\(place): there is no e-mail template named \"none\"")
        }
        #expect(try await refusal("9") == "\(place): the e-mail template \"spring\" has no version 9")
        try await fixture.database.execute("UPDATE template_versions SET content = content - 'Subject'")
        #expect(try await refusal()?.contains("EmailMessage.Title is required") == true)
        try await fixture.database.execute(
            "UPDATE channels SET configuration = configuration || '{\"FromAddress\": \"\"}'")
        #expect(try await refusal()?.contains("EmailMessage.FromAddress is required") == true)
        try await fixture.database.execute("UPDATE channels SET enabled = false")
        #expect(try await refusal()?.contains("channel is not enabled") == true)
        try await fixture.database.execute("DELETE FROM channels")
        #expect(try await refusal()?.contains("has no e-mail channel") == true)
    }

    @Test func `a run ends at the earliest of its limits`() async throws {
        let fixture = try CampaignFixture()
        try await fixture.prepare()
        try await fixture.create(CampaignID(high: 3, low: 3), fixture.request())
        #expect(try await fixture.start().expiresAt == fixture.now + .seconds(86_400))
        try await fixture.create(CampaignID(high: 3, low: 4), fixture.request(limits: .init(messagesPerSecond: 1)))
        #expect(try await fixture.start().expiresAt == fixture.now + .seconds(30 * 86_400))
        var request = fixture.request(limits: .init(maximumDuration: 7200))
        try await fixture.create(CampaignID(high: 3, low: 1), request)
        #expect(try await fixture.start().expiresAt == fixture.now + .seconds(7200))
        request.schedule?.endTime = "1998-07-01T01:00:00Z"
        try await fixture.create(CampaignID(high: 3, low: 2), request)
        #expect(try await fixture.start().expiresAt == fixture.now + .seconds(3600))
    }
}
