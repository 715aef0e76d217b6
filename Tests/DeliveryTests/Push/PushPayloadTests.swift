import Core
import Model
import Providers
import Templates
import TestKit
import Testing

@testable import Delivery

/// What devices get, by channel type.
@Suite struct PushPayloadTests {
    private static let plan = RunPlan(
        account: "000000000000", app: AppID(high: 1, low: 1), campaign: CampaignID(high: 3, low: 3), campaignVersion: 1,
        campaignName: "test", run: RunID(high: 2, low: 2), runDay: Instant(seconds: 0).day,
        scheduledAt: Instant(seconds: 0), expiresAt: Instant(seconds: 60), deliveryPolicy: .atMostOnce,
        holdoutPercent: 0, treatments: [])
    private static let campaign: JSON = [
        "campaign_id": "00000000000000030000000000000003", "campaign_activity_id": "00000000000000020000000000000002",
        "treatment_id": "1",
    ]

    private static var person: Recipient {
        var person = Recipient(
            key: 1, endpointID: "e1", channelType: "GCM", address: "token", optOut: "NONE", status: "ACTIVE", cohort: 0,
            userID: nil, effectiveAt: Instant(seconds: 0), createdAt: Instant(seconds: 0))
        person.attributes = Array(#"{"Name": ["Ann \"A\" é"]}"#.utf8)
        return person
    }

    private func composed(
        _ members: JSONObject, _ type: String, for person: Recipient = person, law: MarketingLaw? = nil,
        plan: RunPlan = plan, defaults: JSONObject = [:]
    ) throws -> OutgoingPush {
        let service = try #require(PushService(channelType: type))
        let content = RunPlan.PushContent(messages: [type: members], defaultSubstitutions: defaults)
        let program = PushProgram(
            message: try PushMessage(members, for: service, in: content), channelType: type,
            origin: PushOrigin(plan, treatment: 1), labels: PushLabels(law, at: Instant(seconds: 1_700_000_000)))
        return try program.compose(for: person, at: "token", .of(TestEnvironment.make()), token: "reference")
    }

    private func payload(_ members: JSONObject, _ type: String) throws -> JSON {
        try JSON.parse(composed(members, type).payload)
    }

    private static let message: JSONObject = [
        "Title": "Hi {{Attributes.Name}}", "Body": "Body", "Action": "DEEP_LINK", "Url": "app://x/{{Id}}",
        "ImageUrl": "https://i.example/a.png", "ImageIconUrl": "https://i.example/b.png",
        "ImageSmallIconUrl": "https://i.example/c.png", "MediaUrl": "https://i.example/d.gif", "TimeToLive": 60,
        "JsonBody": #"{"n":"{{Attributes.Name}}"}"#,
    ]

    // MARK: Pinpoint's keys

    @Test func `GCM: data keys of Pinpoint's SDK, all strings`() throws {
        #expect(
            try payload(Self.message, "GCM") == [
                "data": [
                    "pinpoint.campaign.campaign_id": "00000000000000030000000000000003",
                    "pinpoint.campaign.campaign_activity_id": "00000000000000020000000000000002",
                    "pinpoint.campaign.treatment_id": "1", "pinpoint.notification.silentPush": "0",
                    "pinpoint.jsonBody": #"{"n":"Ann \"A\" é"}"#, "pinpoint.notification.title": "Hi Ann \"A\" é",
                    "pinpoint.notification.body": "Body", "pinpoint.notification.imageUrl": "https://i.example/a.png",
                    "pinpoint.notification.imageIconUrl": "https://i.example/b.png",
                    "pinpoint.notification.imageSmallIconUrl": "https://i.example/c.png",
                    "pinpoint.deeplink": "app://x/e1",
                ], "android": ["ttl": "60s"],
            ])
        let open = try payload(["Body": "B", "SmallImageIconUrl": "s", "Sound": "ding", "Priority": "5"], "GCM")
        #expect(open["data"]?["pinpoint.openApp"] == "true")
        #expect(open["data"]?["pinpoint.notification.imageSmallIconUrl"] == "s")
        #expect(open["android"] == ["priority": "NORMAL"])
        let page = try payload(["Body": "B", "Action": "URL", "Url": "https://x.example", "Priority": "high"], "GCM")
        #expect(page["data"]?["pinpoint.url"] == "https://x.example")
        #expect(page["android"] == ["priority": "HIGH"])
    }

    @Test func `APNS: aps, media and campaign`() throws {
        #expect(
            try payload(Self.message, "APNS") == [
                "aps": ["alert": ["title": "Hi Ann \"A\" é", "body": "Body"], "mutable-content": 1],
                "data": [
                    "media-url": "https://i.example/d.gif", "jsonBody": ["n": "Ann \"A\" é"],
                    "pinpoint": ["deeplink": "app://x/e1", "campaign": Self.campaign],
                ],
            ])
        let rich = try payload(
            ["Body": "B", "Sound": "ding", "Badge": 3, "Category": "c", "ThreadId": "t", "Action": "URL", "Url": "u"],
            "APNS_SANDBOX")
        #expect(
            rich["aps"] == ["alert": ["body": "B"], "sound": "ding", "category": "c", "thread-id": "t", "badge": 3])
        #expect(rich["data"]?["pinpoint"]?["url"] == "u")
    }

    @Test func `silent: nothing to show, and told to be in no hurry`() throws {
        let silent: JSONObject = ["SilentPush": true, "Title": "T", "Body": "B", "Data": ["a": "b"]]
        let apns = try composed(silent, "APNS")
        #expect(apns.pushType == "background")
        #expect(
            try JSON.parse(apns.payload) == [
                "aps": ["content-available": 1],
                "data": ["jsonBody": ["a": "b"], "pinpoint": ["campaign": Self.campaign]],
            ])
        let gcm = try payload(silent, "GCM")
        #expect(gcm["data"]?["pinpoint.notification.silentPush"] == "1")
        #expect(gcm["data"]?["pinpoint.jsonBody"] == #"{"a":"b"}"#)
        #expect(gcm["data"]?["pinpoint.notification.title"] == nil)
    }

    @Test func `ADM, Baidu and browsers`() throws {
        let adm = try payload(["Title": "T", "Body": "B", "TimeToLive": 1, "ConsolidationKey": "k"], "ADM")
        #expect(adm["data"]?["pinpoint.notification.title"] == "T")
        #expect(adm["consolidationKey"] == "k" && adm["expiresAfter"] == 60)
        let baidu = try payload(["Title": "T", "Body": "B", "Action": "URL", "Url": "https://x.example"], "BAIDU")
        #expect(baidu["title"] == "T" && baidu["description"] == "B" && baidu["open_type"] == 1)
        #expect(baidu["custom_content"]?["pinpoint.url"] == "https://x.example")
        let web = try payload(["Title": "T", "Body": "B", "Url": "https://x.example"], "PUSH")
        #expect(
            web == [
                "web_push": 8030,
                "notification": [
                    "title": "T", "body": "B", "navigate": "https://x.example",
                    "data": ["pinpoint": ["campaign": Self.campaign]],
                ],
            ])
    }

    @Test func `a test send is of no campaign`() throws {
        var plan = Self.plan
        plan.campaign = TestRun.campaign
        let sent = try composed(["Body": "B"], "GCM", plan: plan)
        #expect(try JSON.parse(sent.payload)["data"]?["pinpoint.campaign.campaign_id"] == "_DIRECT")
    }

    // MARK: What else goes with it

    @Test(arguments: [("5", "normal"), ("normal", "normal"), ("10", "high"), ("high", "high")])
    func `a priority is understood in either platform's words`(given: String, expected: String) throws {
        #expect(try composed(["Body": "B", "Priority": .string(given)], "APNS").priority == expected)
    }

    @Test func `time to live, collapse ids and types are handed on`() throws {
        let sent = try composed(
            ["Body": "B", "TimeToLive": 0, "CollapseId": "c", "APNSPushType": "complication"], "APNS")
        #expect(sent.timeToLive == 0 && sent.collapseKey == "c" && sent.pushType == "complication")
        #expect(try composed(["Body": "B"], "APNS").pushType == nil)
        #expect(sent.token == "reference")
    }

    @Test func `a hook's words come before the message's own`() throws {
        var person = Self.person
        (person.titleOverride, person.bodyOverride) = ("Other", "Words")
        let sent = try JSON.parse(composed(["Body": "B"], "APNS", for: person).payload)
        #expect(sent["aps"]?["alert"] == ["title": "Other", "body": "Words"])
    }

    @Test func `an advertisement begins with the label of its reader's law`() throws {
        let law = MarketingLaw(defaultCountry: "KR")
        func alert(_ members: JSONObject, _ law: MarketingLaw?) throws -> JSON? {
            try JSON.parse(composed(members, "APNS", law: law).payload)["aps"]?["alert"]
        }
        #expect(try alert(["Title": "세일", "Body": "B"], law) == ["title": "(광고) 세일", "body": "B"])
        #expect(try alert(["Title": "[광고] 세일"], law) == ["title": "(광고) 세일"])
        #expect(try alert(["Body": "B"], law) == ["body": "(광고) B"])
        #expect(try alert(["Body": "B"], nil) == ["body": "B"])
        #expect(try alert(["Body": "B"], MarketingLaw(defaultCountry: "SE")) == ["body": "B"])
        #expect(try alert(["RawContent": #"{"aps":{"alert":{"title":"T"}}}"#], law) == ["title": "(광고) T"])
        #expect(try alert(["RawContent": #"{"aps":{"alert":"T"}}"#], law) == "(광고) T")
    }

    @Test(arguments: [("APNS", 4096), ("APNS_VOIP", 5120), ("GCM", 4096), ("ADM", 6144), ("PUSH", 3993)])
    func `a payload fits its platform to the byte`(type: String, limit: Int) throws {
        let empty = try composed(["Body": "x"], type).payload.count - 1
        let whole: JSONObject = ["Body": .string(String(repeating: "x", count: limit - empty))]
        #expect(try composed(whole, type).payload.count == limit)
        let over: JSONObject = ["Body": .string(String(repeating: "x", count: limit - empty + 1))]
        let refusal = #expect(throws: Refusal.self) { try composed(over, type) }
        #expect(refusal == Refusal(.content, "the payload has \(limit + 1) bytes; \(type) takes \(limit)"))
    }

    // MARK: RawContent

    @Test(
        arguments: [
            (
                #"{"fcmV1Message":{"message":{"token":"x","notification":{"title":"{{Attributes.Name}}"}}}}"#,
                #"{"notification":{"title":"Ann \"A\" é"}}"#
            ),
            (#"{"message":{"topic":"t","data":{"a":"b"}}}"#, #"{"data":{"a":"b"}}"#),
            (
                #"{"notification":{"title":"T","body":"B","click_action":"c","android_channel_id":"ch"},"data":{"n":1,"o":{"p":true}},"priority":"high","time_to_live":5,"collapse_key":"k"}"#,
                #"{"data":{"n":"1","o":"{\"p\":true}"},"notification":{"title":"T","body":"B"},"android":{"notification":{"click_action":"c","channel_id":"ch"},"priority":"HIGH","ttl":"5s","collapse_key":"k"}}"#
            ),
        ])
    func `GCM: raw content in each form that Pinpoint took becomes FCM's v1`(raw: String, expected: String) throws {
        let sent = try payload(["Body": "not this", "RawContent": .string(raw)], "GCM")
        let wanted = try JSON.parse(expected)
        #expect(sent == wanted)
    }

    @Test func `raw content of the others stays as written`() throws {
        let silent = try composed(
            ["RawContent": #"{"aps":{"content-available":1},"x":{{{Attributes.Missing}}}0}"#], "APNS")
        #expect(String(decoding: silent.payload, as: UTF8.self) == #"{"aps":{"content-available":1},"x":0}"#)
        #expect(silent.pushType == "background")
        let adm = try payload(["RawContent": #"{"pinpoint.openApp":true,"t":"T"}"#], "ADM")
        #expect(adm == ["data": ["pinpoint.openApp": "true", "t": "T"]])
        for raw in ["[]", "{", "no {{Id}}"] {
            let refusal = #expect(throws: Refusal.self) { try composed(["RawContent": .string(raw)], "APNS") }
            #expect(refusal == Refusal(.rendering, "RawContent is not a JSON object"))
        }
        let refusal = #expect(throws: Refusal.self) { try composed(["Body": "B", "JsonBody": "{"], "APNS") }
        #expect(refusal == Refusal(.rendering, "JsonBody is not JSON"))
    }
}
