import Core
import TestKit
import Testing

@testable import CampaignScheduler

/// What holds for each of the five types; what is said of e-mail in TemplateTests holds for all, as the code is the same.
@Suite(.database) struct TemplateTypesTests {
    struct Kind: Sendable, CustomStringConvertible {
        var type: String
        var content: JSONObject
        var description: String { type }
        var path: String { "/v1/templates/Hello_1/\(type.lowercased())" }
    }

    private static let content: JSON = [
        "BackgroundColor": "#FFFFFF", "ImageUrl": "https://example.com/a.png",
        "HeaderConfig": ["Alignment": "CENTER", "Header": "{{not a template}}", "TextColor": "#000000"],
        "BodyConfig": ["Alignment": "LEFT", "Body": "Text", "TextColor": "#000000"],
        "PrimaryBtn": [
            "DefaultConfig": [
                "BackgroundColor": "#FF0000", "BorderRadius": 4, "ButtonAction": "LINK", "Link": "https://example.com",
                "Text": "More", "TextColor": "#000000",
            ],
            "Android": ["ButtonAction": "DEEP_LINK", "Link": "app://more"], "IOS": ["ButtonAction": "CLOSE"],
            "Web": ["ButtonAction": "CLOSE"],
        ],
        "SecondaryBtn": ["DefaultConfig": ["ButtonAction": "CLOSE", "Text": "No"]],
    ]

    private static let android: JSON = [
        "Action": "DEEP_LINK", "Body": "{{Attributes.Item}}", "ImageIconUrl": "https://example.com/i",
        "ImageUrl": "https://example.com/l", "RawContent": #"{"a":{"b":1}}"#, "Sound": "default",
        "SmallImageIconUrl": "https://example.com/s", "Title": "T", "Url": "app://x",
    ]

    static let kinds = [
        Kind(type: "EMAIL", content: ["Subject": "Hello", "HtmlPart": "<p>{{Address}}</p>", "TextPart": "Hi"]),
        Kind(type: "SMS", content: ["Body": "Hi {{Address}}", "DefaultSubstitutions": #"{"Address":"you"}"#]),
        Kind(
            type: "PUSH",
            content: [
                "ADM": android, "Baidu": android, "GCM": android,
                "APNS": [
                    "Action": "URL", "Body": "B", "MediaUrl": "https://example.com/m", "RawContent": "{}", "Sound": "s",
                    "Title": "{{Attributes.Item}}", "Url": "https://example.com",
                ],
                "Default": [
                    "Action": "OPEN_APP", "Body": "B", "Sound": "s", "Title": "T", "Url": "https://example.com",
                ],
                "DefaultSubstitutions": #"{"Attributes.Item":"it"}"#,
            ]),
        Kind(type: "VOICE", content: ["Body": "Hello {{User.UserId}}", "LanguageCode": "en-US", "VoiceId": "Joanna"]),
        Kind(
            type: "INAPP", content: ["Content": [content], "CustomConfig": ["a": "b"], "Layout": "OVERLAYS"]),
    ]

    @Test(arguments: kinds)
    func `a template keeps every member through its life`(_ kind: Kind) async throws {
        try await ServiceUnderTest.run(ControlRoutes.all) { service in
            var request = kind.content
            request["TemplateDescription"] = "first"
            request["tags"] = ["team": "growth"]
            let created = try await service.call("POST", kind.path, .object(request))
            #expect(created.status == 201, "\(created.text)")
            let arn = "arn:aws:mobiletargeting:eu-west-1:123456789012:templates/Hello_1/\(kind.type)"
            #expect(created.json["Arn"] == .string(arn))
            #expect(created.json["Message"] == "Created")
            #expect(try await service.call("POST", kind.path, .object(request)).status == 400)

            request["Arn"] = .string(arn)
            request["CreationDate"] = "1998-07-01T00:00:00.000Z"
            request["LastModifiedDate"] = "1998-07-01T00:00:00.000Z"
            request["TemplateName"] = "Hello_1"
            request["TemplateType"] = .string(kind.type)
            request["Version"] = "1"
            let read = try await service.call("GET", kind.path).json
            #expect(read.object?.keys.sorted() == request.keys.sorted())
            for member in request.members {
                #expect(read[member.key].map(Self.sorted) == Self.sorted(member.value), "\(member.key)")
            }

            var second = kind.content
            second["TemplateDescription"] = "second"
            #expect(
                try await service.call("PUT", kind.path + "?create-new-version=true", .object(second)).status == 202)
            #expect(try await service.call("PUT", kind.path + "?version=1", .object(second)).status == 400)
            #expect(try await service.call("GET", kind.path).json["TemplateDescription"] == "first")
            #expect(try await service.call("GET", kind.path + "?version=2").json["TemplateDescription"] == "second")
            let active = "/v1/templates/Hello_1/\(kind.type)/active-version"
            #expect(try await service.call("PUT", active, ["Version": "2"]).status == 200)
            #expect(try await service.call("GET", kind.path).json["TemplateDescription"] == "second")
            let versions = try await service.call("GET", "/v1/templates/Hello_1/\(kind.type)/versions").json
            #expect(versions["Item"]?.array?.map { $0["Version"] } == ["2", "1"])
            #expect(versions["Item"]?.array?.first?["TemplateType"] == .string(kind.type))

            let tags = "/v1/tags/" + arn.replacing(":", with: "%3A").replacing("/", with: "%2F")
            #expect(try await service.call("POST", tags, ["tags": ["a": "b"]]).status == 204)
            #expect(try await service.call("GET", kind.path).json["tags"] == ["a": "b", "team": "growth"])

            #expect(try await service.call("DELETE", kind.path + "?version=1").status == 202)
            #expect(try await service.call("DELETE", kind.path).status == 202)
            #expect(try await service.call("GET", kind.path).message == "Resource not found")
            #expect(try await service.call("PUT", kind.path, .object(kind.content)).status == 404)
        }
    }

    @Test func `templates of one name and different types are apart`() async throws {
        try await ServiceUnderTest.run(ControlRoutes.all) { service in
            for kind in Self.kinds {
                #expect(try await service.call("POST", kind.path, .object(kind.content)).status == 201)
            }
            var listed: [String] = []
            var token: String?
            repeat {
                let next = token.map { "&next-token=\($0)" } ?? ""
                let page = try await service.call("GET", "/v1/templates?page-size=2\(next)").json
                listed += page["Item"]?.array?.compactMap { $0["TemplateType"]?.string } ?? []
                token = page["NextToken"]?.string
            } while token != nil && listed.count < 10
            #expect(listed == ["EMAIL", "INAPP", "PUSH", "SMS", "VOICE"])
            for kind in Self.kinds {
                let filter = "/v1/templates?template-type=\(kind.type.lowercased())"
                let found = try await service.call("GET", filter).json["Item"]?.array
                #expect(found?.map { $0["TemplateType"] } == [.string(kind.type)])
            }
            #expect(try await service.call("DELETE", "/v1/templates/Hello_1/sms").status == 202)
            #expect(try await service.call("GET", "/v1/templates/Hello_1/sms").status == 404)
            #expect(try await service.call("GET", "/v1/templates/Hello_1/email").status == 200)
        }
    }

    @Test(arguments: ["SMS", "sms", "Sms", "sMS"])
    func `the type in a path may have any case`(spelling: String) async throws {
        try await ServiceUnderTest.run(ControlRoutes.all) { service in
            let path = "/v1/templates/t/\(spelling)"
            let created = try await service.call("POST", path, ["Body": "1"])
            #expect(created.status == 201)
            #expect(try await service.call("PUT", path, ["Body": "2"]).status == 202)
            #expect(try await service.call("GET", "/v1/templates/t/sms").json["Body"] == "2")
            #expect(try await service.call("GET", path + "/versions").json["Item"]?.array?.count == 1)
            #expect(try await service.call("PUT", path + "/active-version", ["Version": "1"]).status == 200)
            #expect(try await service.call("DELETE", path).status == 202)
            #expect(try await service.call("PATCH", path, ["Body": "2"]).status == 405)
        }
    }

    /// Members sorted at every level: Postgres has an order of its own.
    private static func sorted(_ json: JSON) -> JSON {
        switch json {
        case .object(let object):
            let members = object.members.sorted { $0.key < $1.key }
            return .object(JSONObject(uniqueMembers: members.map { .init(key: $0.key, value: sorted($0.value)) }))
        case .array(let elements): return .array(elements.map(sorted))
        case .null, .bool, .integer, .double, .string: return json
        }
    }

    private static func text(_ count: Int) -> JSON { .string(String(repeating: "x", count: count)) }

    static let refusals: [(String, JSON, String)] = [
        ("sms", ["Body": text(1601)], "Body must have at most 1600"),
        ("sms", ["Body": "{{#if a}}"], "Body is not a valid template: line 1"),
        ("sms", ["Body": "a", "RecommenderId": text(129)], "RecommenderId must have at most 128"),
        ("sms", ["Body": "a", "TemplateDescription": text(501)], "TemplateDescription"),
        ("sms", ["Body": "a", "tags": ["aws:x": "y"]], "tags.aws:x"),
        ("voice", ["Body": text(10_001)], "Body must have at most 10000"),
        ("voice", ["Body": "{{nope 1}}"], "Body is not a valid template"),
        ("push", ["Default": ["Body": text(4001)]], "Default.Body must have at most 4000"),
        ("push", ["APNS": ["RawContent": text(4001)]], "APNS.RawContent must have at most 4000"),
        ("push", ["GCM": ["RawContent": text(4001)]], "GCM.RawContent must have at most 4000"),
        ("push", ["Baidu": ["Body": text(4001)]], "Baidu.Body must have at most 4000"),
        ("push", ["ADM": ["Body": text(6001)]], "ADM.Body must have at most 6000"),
        ("push", ["APNS": ["Title": "{{/if}}"]], "APNS.Title is not a valid template"),
        ("push", ["GCM": ["Action": "JUMP"]], "GCM.Action must be one of"),
        ("inapp", ["Content": [[:], [:], [:], [:], [:], [:]]], "Content must have at most 5"),
        ("inapp", ["Layout": "SIDEWAYS"], "Layout must be one of"),
        ("inapp", ["Content": [["HeaderConfig": ["Header": "x"]]]], "Content[0].HeaderConfig.Alignment is required"),
        (
            "inapp",
            ["CustomConfig": .object(JSONObject(uniqueMembers: (0...10).map { .init(key: "k\($0)", value: "v") }))],
            "CustomConfig must have at most 10"
        ),
        ("inapp", ["CustomConfig": ["a": text(800_000)]], "must have at most 800000 bytes"),
    ]

    @Test func `limits are each type's own`() async throws {
        try await ServiceUnderTest.run(ControlRoutes.all) { service in
            for (type, body, message) in Self.refusals {
                let refused = try await service.call("POST", "/v1/templates/t/\(type)", body)
                #expect(refused.status == 400, "\(message)")
                #expect(refused.message.contains(message), "\(refused.message)")
            }
            #expect(
                try await service.call("POST", "/v1/templates/t/push", ["ADM": ["Body": Self.text(6000)]]).status == 201
            )
            #expect(try await service.call("POST", "/v1/templates/t/sms", ["Body": Self.text(1600)]).status == 201)
        }
    }
}
