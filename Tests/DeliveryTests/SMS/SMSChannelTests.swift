import Core
import Crypto
import EventLoop
import HTTPClient
import Model
import Postgres
import Providers
import Queue
import TestKit
import Testing

@testable import Delivery

/// The SMS channel over a real database: what is handed to the provider, what the ledger has, what the development inbox shows.
@Suite(.database) struct SMSChannelTests {
    private let app = AppID(high: 1, low: 1)
    private let test: TestDatabase
    private let key: MasterKey

    init() throws {
        test = try TestDatabase.current
        key = try MasterKey(bytes: [UInt8](repeating: 7, count: 32))
    }

    private func tools(isDevInboxOn: Bool = true) -> ProviderTools {
        ProviderTools(
            client: OutboundClient(rules: OutboundRules(), environment: test.environment, metrics: test.metrics),
            database: test.database, environment: test.environment, metrics: test.metrics,
            publicURL: "https://n.example.com", isDevInboxOn: isDevInboxOn)
    }

    private func channel(isDevInboxOn: Bool = true) throws -> SMSChannel {
        let tools = tools(isDevInboxOn: isDevInboxOn)
        return SMSChannel(
            providers: ChannelProviders(
                tools, masterKey: key, maker: { $0.sms }, standard: DevInboxProvider.standard(tools) { $0.sms }),
            references: SendReferences(masterKey: key), tracking: TrackingTokens(masterKey: key),
            publicURL: "https://n.example.com", environment: test.environment)
    }

    private func configure(_ request: JSONObject = [:]) async throws {
        let (app, key, now) = (app, key, test.environment.now())
        try await test.database.transaction { session in
            try await session.execute(
                """
                INSERT INTO apps (id, account, name, settings_modified_at, created_at)
                VALUES (\(app), '000000000000', 'a', \(now), \(now))
                ON CONFLICT DO NOTHING
                """)
            _ = try await ChannelStore.update(app, type: "SMS", request, key: key, now: now, in: session)
        }
    }

    private func plan(_ content: RunPlan.SMSContent, law: MarketingLaw? = nil) -> RunPlan {
        let now = test.environment.now()
        var treatment = RunPlan.Treatment(name: nil, sizePercent: 100, email: nil)
        treatment.sms = content
        var rules = RunRules()
        rules.law = law
        return RunPlan(
            account: "000000000000", app: app, campaign: CampaignID(high: 3, low: 3), campaignVersion: 1,
            campaignName: "test", run: RunID(high: 2, low: 2), runDay: now.day, scheduledAt: now,
            expiresAt: now + .seconds(3600), deliveryPolicy: .atMostOnce, holdoutPercent: 0, treatments: [treatment],
            rules: rules)
    }

    private func person(_ address: String, _ ordinal: Int32 = 0, locale: String? = nil, country: String? = nil) -> Send
    {
        let now = test.environment.now()
        var recipient = Recipient(
            key: Int64(ordinal) + 1, endpointID: "e\(ordinal)", channelType: "SMS", address: address, optOut: "NONE",
            status: "ACTIVE", cohort: 0, userID: "u1", effectiveAt: now, createdAt: now)
        recipient.attributes = Array(#"{"Name": ["Zoë"], "Image": ["https://e.test/z.png"]}"#.utf8)
        if let locale { recipient.demographic = Array(#"{"Locale": "\#(locale)"}"#.utf8) }
        if let country { recipient.location = Array(#"{"Country": "\#(country)"}"#.utf8) }
        return Send(
            recipient: recipient,
            cause: SendCause(run: RunID(high: 2, low: 2), runDay: now.day, chunk: 0, treatment: 0),
            ordinal: ordinal, attempt: 0)
    }

    private func compose(
        _ content: RunPlan.SMSContent, _ send: Send, law: MarketingLaw? = nil, senders: JSONObject = [:]
    ) throws
        -> OutgoingSMS
    {
        let program = try SMSProgram(content, plan: plan(content, law: law), at: Instant(seconds: 1_780_000_000))
        let links = MessageLinks(
            send: send, app: app, tokens: TrackingTokens(masterKey: key), publicURL: "https://n.example.com")
        return try program.compose(
            send, links: links, templates: .of(test.environment), senders: SMSSenders(channel: senders), token: "tok")
    }

    @Test func `a text is filled in for its person, counted and priced`() async throws {
        let content = RunPlan.SMSContent(
            body: "Hej {{Attributes.Name}}{{Attributes.Gone}}, {{User.UserId}}", messageType: "TRANSACTIONAL",
            entityID: "E", templateID: "T", mediaURLs: ["{{Attributes.Image}}"],
            defaultSubstitutions: ["Attributes.Gone": "!"], locales: ["de": "Hallo {{Attributes.Name}}"])
        let message = try compose(content, person("0044 7700 900000"))
        #expect(message.body == "Hej Zoë!, u1" && message.to == "+447700900000" && message.token == "tok")
        #expect(message.mediaURLs == ["https://e.test/z.png"] && message.messageType == "TRANSACTIONAL")
        #expect(message.entityID == "E" && message.templateID == "T")
        // ë is not in the alphabet of GSM.
        #expect(message.charge == SMSCharge(parts: 1, country: "GB", millicents: 4000))
        #expect(try compose(content, person("+46701234567", locale: "de-AT")).body == "Hallo Zoë")
        let long = RunPlan.SMSContent(body: String(repeating: "a", count: 161))
        #expect(
            try compose(long, person("+14155550100")).charge == SMSCharge(parts: 2, country: "US", millicents: 1600))
    }

    @Test func `what cannot be a text is refused before any provider sees it`() async throws {
        func refusal(_ body: String, _ address: String = "+46701234567", media: [String] = []) -> SendOutcome? {
            do {
                _ = try compose(.init(body: body, mediaURLs: media), person(address))
                return nil
            } catch let refusal as Refusal {
                return refusal.outcome
            } catch {
                Issue.record("\(error)")
                return nil
            }
        }
        for address in ["0701234567", "nobody", ""] {
            guard case .rejected(.address, _, true)? = refusal("Hi", address) else {
                Issue.record("\(address)")
                continue
            }
        }
        for (body, media) in [
            (String(repeating: "x", count: 1601), []), ("{{Attributes.None}} ", []), ("Hi", ["ftp://x"]),
        ] {
            guard case .rejected(.content, _, false)? = refusal(body, media: media) else {
                Issue.record("\(body.prefix(10))")
                continue
            }
        }
        #expect(refusal(String(repeating: "x", count: 1600)) == nil)
    }

    @Test func `an advertisement to Korea begins with the label of its law`() async throws {
        let content = RunPlan.SMSContent(body: "[AD] Sale")
        let law = MarketingLaw()
        #expect(try compose(content, person("+821012345678"), law: law).body == "(광고) Sale")
        #expect(try compose(content, person("+46701234567"), law: law).body == "[AD] Sale")
        #expect(try compose(content, person("+46701234567", country: "KR"), law: law).body == "(광고) Sale")
        #expect(try compose(content, person("+821012345678")).body == "[AD] Sale")
    }

    @Test func `smart encoding saves a text its alphabet where the channel wants it`() async throws {
        let content = RunPlan.SMSContent(body: "It\u{2019}s here\u{2026}")
        #expect(try compose(content, person("+46701234567")).body == "It\u{2019}s here\u{2026}")
        let smart: JSONObject = ["Needletail": ["SmartEncoding": true]]
        #expect(try compose(content, person("+46701234567"), senders: smart).body == "It's here...")
    }

    @Test func `a hook's words stand for the template's`() async throws {
        var send = person("+46701234567")
        send.recipient.bodyOverride = "Said by the hook, {{Attributes.Name}}"
        #expect(try compose(.init(body: "Hej"), send).body == "Said by the hook, {{Attributes.Name}}")
    }

    // MARK: Through the worker

    private func deliver(_ sends: [Send], _ content: RunPlan.SMSContent, isDevInboxOn: Bool = true) async throws
        -> [SendOutcome]
    {
        let run = try channel(isDevInboxOn: isDevInboxOn).prepare(plan(content))
        return await run.deliver(sends, startBefore: .max)
    }

    @Test func `without a provider the development inbox has it, with the channel's sender and our token`() async throws
    {
        try await configure(["SenderId": "SHOP"])
        let outcomes = try await deliver(
            [person("+46 70 123 45 67"), person("nobody", 1)], .init(body: "Hej {{Attributes.Name}}"))
        guard case .accepted(let token)? = outcomes.first, case .rejected(.address, _, true)? = outcomes.last else {
            Issue.record("\(outcomes)")
            return
        }
        #expect(SendReferences(masterKey: key).verify(token)?.endpointKey == 1)
        let rows = try await test.database.query(
            "SELECT channel, sender, recipient, message_id, convert_from(raw, 'UTF8') FROM dev_inbox")
        #expect(rows.count == 1)
        let row = try #require(rows.first)
        let values: [String] = [try row.get(0), try row.get(1), try row.get(2), try row.get(3), try row.get(4)]
        #expect(values == ["SMS", "SHOP", "+46701234567", token, "Hej Zoë"])
    }

    @Test(arguments: [(true, false), (false, true)])
    func `a channel that is off, or has nobody to send, refuses by name`(isEnabled: Bool, isDevInboxOn: Bool)
        async throws
    {
        try await configure(["Enabled": .bool(isEnabled)])
        let outcomes = try await deliver([person("+46701234567")], .init(body: "Hi"), isDevInboxOn: isDevInboxOn)
        guard case .rejected(.configuration, let detail, false)? = outcomes.first else {
            Issue.record("\(outcomes)")
            return
        }
        #expect(detail.contains("SMS"))
    }
}
