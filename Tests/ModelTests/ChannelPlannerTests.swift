import Core
import Model
import PinpointAPI
import Postgres
import TestKit
import Testing

/// Which channels a campaign's messages are for, and what its runs are bound by, as its plan freezes them.
@Suite(.database) struct ChannelPlannerTests {
    private static let apns: Set<String> = ["APNS", "APNS_SANDBOX", "APNS_VOIP", "APNS_VOIP_SANDBOX"]
    private static let push: Set<String> = apns.union(["PUSH", "GCM", "ADM", "BAIDU"])

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

    private func addTemplates(_ fixture: CampaignFixture) async throws {
        let templates: [(String, TemplateType, JSON)] = [
            ("all", .push, ["Default": ["Title": "T", "Body": "B"]]), ("fcm", .push, ["GCM": ["Body": "B"]]),
            ("sms", .sms, ["Body": "B"]), ("bare", .sms, ["TemplateDescription": "nothing"]),
        ]
        try await fixture.database.transaction { session in
            for (name, type, json) in templates {
                _ = try await TemplateStore.create(
                    name, TemplateContent(type, request: json), account: fixture.account, now: fixture.now, in: session)
            }
        }
    }

    @Test(
        arguments: [
            (#""MessageConfiguration": {"EmailMessage": {"Title": "T", "Body": "B"}}"#, true, []),
            (#""MessageConfiguration": {"SMSMessage": {"Body": "B"}}"#, false, ["SMS"]),
            (#""MessageConfiguration": {"GCMMessage": {"Body": "B"}}"#, false, ["GCM"]),
            (
                #""MessageConfiguration": {"ADMMessage": {"Body": "B"}, "BaiduMessage": {"Title": "T"}}"#, false,
                ["ADM", "BAIDU"]
            ),
            (#""MessageConfiguration": {"APNSMessage": {"RawContent": "{}"}, "GCMMessage": {}}"#, false, apns),
            (#""MessageConfiguration": {"DefaultMessage": {"Title": "T", "Body": "B"}}"#, true, push.union(["SMS"])),
            (
                #""MessageConfiguration": {"DefaultMessage": {"Body": "B"}, "SMSMessage": {"Body": "S"}}"#, false,
                push.union(["SMS"])
            ),
            (#""MessageConfiguration": {"DefaultMessage": {"JsonBody": "{}", "SilentPush": true}}"#, false, push),
            (
                #""MessageConfiguration": {"DefaultMessage": {}, "EmailMessage": {"Title": "T", "HtmlBody": "B"}}"#,
                true, []
            ),
            (
                #""MessageConfiguration": {"CustomMessage": {"Data": "x"}}, "CustomDeliveryConfiguration": {"DeliveryUri": "f"}"#,
                false, ["CUSTOM"]
            ),
            (
                #""MessageConfiguration": {"CustomMessage": {}}, "CustomDeliveryConfiguration": {"DeliveryUri": "f", "EndpointTypes": ["EMAIL", "VOICE"]}"#,
                false, ["EMAIL", "VOICE"]
            ),
            (
                #""MessageConfiguration": {"CustomMessage": {}, "EmailMessage": {"Title": "T", "Body": "B"}}, "CustomDeliveryConfiguration": {"DeliveryUri": "f", "EndpointTypes": ["EMAIL"]}"#,
                true, []
            ),
            (#""TemplateConfiguration": {"PushTemplate": {"Name": "all"}}"#, false, push),
            (#""TemplateConfiguration": {"PushTemplate": {"Name": "fcm"}}"#, false, ["GCM"]),
            (
                #""TemplateConfiguration": {"PushTemplate": {"Name": "fcm"}}, "MessageConfiguration": {"APNSMessage": {"Body": "B"}}"#,
                false, apns.union(["GCM"])
            ),
            (
                #""TemplateConfiguration": {"SMSTemplate": {"Name": "sms"}}, "MessageConfiguration": {"SMSMessage": {"MessageType": "PROMOTIONAL"}}"#,
                false, ["SMS"]
            ),
        ] as [(String, Bool, Set<String>)])
    func `a message is for the channels it names`(members: String, hasEmail: Bool, others: Set<String>) async throws {
        let fixture = try CampaignFixture()
        try await fixture.prepare()
        try await addTemplates(fixture)
        let treatment = try await treatment(members, in: fixture)
        #expect((treatment.email != nil) == hasEmail)
        #expect(treatment.channels.subtracting(hasEmail ? ["EMAIL"] : []) == others)
    }

    @Test func `a voice template is a call, and nothing else is`() async throws {
        let fixture = try CampaignFixture()
        try await fixture.prepare()
        let template: JSON = [
            "Body": "<speak>Hello {{User.UserId}}</speak>", "LanguageCode": "en-GB", "VoiceId": "AMY",
            "DefaultSubstitutions": #"{"User.UserId": "friend"}"#,
            "Needletail": ["Gather": ["OptOutDigit": "9", "Prompt": "Press 9"], "OriginationNumber": "+442079460000"],
        ]
        try await fixture.database.transaction { session in
            _ = try await TemplateStore.create(
                "call", TemplateContent(.voice, request: template), account: fixture.account, now: fixture.now,
                in: session)
        }
        let treatment = try await treatment(
            #""TemplateConfiguration": {"VoiceTemplate": {"Name": "call"}}"#, in: fixture)
        #expect(treatment.channels == ["VOICE"])
        #expect(
            treatment.voice
                == .init(
                    body: "<speak>Hello {{User.UserId}}</speak>", languageCode: "en-GB", voiceID: "AMY",
                    originationNumber: "+442079460000",
                    gather: .init(digits: 1, timeoutSeconds: 5, prompt: "Press 9", optOutDigit: "9"),
                    defaultSubstitutions: ["User.UserId": "friend"]))
        let fallback = try await self.treatment(
            #""MessageConfiguration": {"DefaultMessage": {"Title": "T", "Body": "B"}}"#, in: fixture)
        #expect(fallback.voice == nil)
        let fault = await #expect(throws: Fault.self) {
            try await self.treatment(#""TemplateConfiguration": {"VoiceTemplate": {"Name": "gone"}}"#, in: fixture)
        }
        #expect(fault?.description.contains("TemplateConfiguration.VoiceTemplate: there is no voice template") == true)
    }

    @Test func `an app without e-mail runs what needs none`() async throws {
        let fixture = try CampaignFixture()
        try await fixture.prepare()
        try await fixture.database.execute("UPDATE channels SET enabled = false")
        let sms = try await treatment(#""MessageConfiguration": {"SMSMessage": {"Body": "B"}}"#, in: fixture)
        #expect(sms.email == nil)
        let fallback = try await treatment(
            #""MessageConfiguration": {"DefaultMessage": {"Title": "T", "Body": "B"}}"#, in: fixture)
        #expect(fallback.email == nil)
        #expect(fallback.otherChannels.union(fallback.push?.channels ?? []) == Self.push.union(["SMS"]))
        let fault = await #expect(throws: Fault.self) {
            try await treatment(
                #""MessageConfiguration": {"SMSMessage": {"Body": "B"}, "EmailMessage": {"Title": "T", "Body": "B"}}"#,
                in: fixture)
        }
        #expect(fault?.publicMessage == "The app's e-mail channel is not enabled")
    }

    @Test(arguments: [
        (#""MessageConfiguration": {"SMSMessage": {}}"#, "MessageConfiguration.SMSMessage.Body is required"),
        (
            #""TemplateConfiguration": {"SMSTemplate": {"Name": "bare"}}"#,
            "MessageConfiguration.SMSMessage.Body is required"
        ),
        (#""TemplateConfiguration": {"SMSTemplate": {"Name": "no"}}"#, "there is no SMS template named \"no\""),
        (#""TemplateConfiguration": {"PushTemplate": {"Name": "no"}}"#, "there is no push template named \"no\""),
        (
            #""TemplateConfiguration": {"PushTemplate": {"Name": "all", "Version": "2"}}"#,
            "TemplateConfiguration.PushTemplate: the push template \"all\" has no version 2"
        ),
        (#""MessageConfiguration": {"DefaultMessage": {"Body": "B"}}"#, "EmailMessage.Title is required"),
    ])
    func `what a message of another channel lacks is named`(members: String, message: String) async throws {
        let fixture = try CampaignFixture()
        try await fixture.prepare()
        try await addTemplates(fixture)
        let fault = await #expect(throws: Fault.self) { try await treatment(members, in: fixture) }
        #expect(fault?.code == .invalid)
        #expect(fault?.publicMessage.contains(message) == true, "\(fault?.publicMessage ?? "")")
    }

    // MARK: Rules

    private func created(
        _ id: CampaignID, _ request: WriteCampaignRequest, in fixture: CampaignFixture
    ) async throws -> StoredCampaign {
        try await fixture.database.transaction { session in
            let definition = try await CampaignReferences.fillDefaults(
                CampaignDefinition(request), of: fixture.app, in: session)
            return try await CampaignStore.create(
                fixture.app, id: id, definition, tags: nil, account: fixture.account, now: fixture.now, in: session)
        }
    }

    @Test func `quiet time, caps, hook and purpose are frozen, and a cap knows whose it is`() async throws {
        let fixture = try CampaignFixture()
        try await fixture.prepare()
        try await fixture.database.execute(
            """
            UPDATE apps SET settings =
                '{"Limits": {"Daily": 4}, "QuietTime": {"Start": "22:00", "End": "06:30"}, "CampaignHook": {"WebUrl": "https://a.example"}}'
            """)
        let start = fixture.now + .seconds(60)
        _ = try await created(CampaignID(high: 3, low: 1), fixture.request(start: start.description), in: fixture)
        let ofApp = try await fixture.start(after: .seconds(60))
        #expect(ofApp.rules.caps == FrequencyCaps(appDaily: 4))
        #expect(ofApp.rules.quietTime == QuietWindow(start: 1320, end: 390))
        #expect(ofApp.rules.purpose == .marketing)
        #expect(ofApp.hook == .web(url: "https://a.example"))

        var own = fixture.request(
            limits: CampaignLimits(daily: 4, total: 2), needletail: ["Purpose": "TRANSACTIONAL"])
        own.hook = CampaignHook(lambdaFunctionName: "f", mode: .filter)
        own.schedule?.quietTime = QuietTime(end: "01:00", start: "00:00")
        _ = try await created(CampaignID(high: 3, low: 2), own, in: fixture)
        let ofItsOwn = try await fixture.start()
        #expect(ofItsOwn.rules.caps == FrequencyCaps(campaignDaily: 4, total: 2))
        #expect(ofItsOwn.rules.quietTime == QuietWindow(start: 0, end: 60))
        #expect(ofItsOwn.rules.purpose == .transactional)
        #expect(ofItsOwn.hook == .lambda("f"))
    }

    @Test func `an update that writes back the app's cap keeps it the app's, another makes it the campaign's own`()
        async throws
    {
        let fixture = try CampaignFixture()
        try await fixture.prepare()
        try await fixture.database.execute(#"UPDATE apps SET settings = '{"Limits": {"Daily": 4}}'"#)
        let id = CampaignID(high: 3, low: 1)
        let start = (fixture.now + .seconds(600)).description
        let stored = try await created(id, fixture.request(start: start), in: fixture)
        #expect(stored.request.limits == CampaignLimits(daily: 4))
        var again = stored.request
        again.name = "renamed"
        try await fixture.update(id, again)
        #expect(try await originsOfDaily(fixture) == ["APP", "APP"])
        again.limits = CampaignLimits(daily: 5)
        try await fixture.update(id, again)
        again.limits = CampaignLimits(daily: 4)
        try await fixture.update(id, again)
        #expect(try await originsOfDaily(fixture) == ["APP", "APP", nil, nil])
    }

    private func originsOfDaily(_ fixture: CampaignFixture) async throws -> [String?] {
        try await fixture.database.query("SELECT definition->>'DailyFrom' FROM campaign_versions ORDER BY version")
            .map { try $0.get(0) }
    }
}
