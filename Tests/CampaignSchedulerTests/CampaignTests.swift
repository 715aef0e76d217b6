import Core
import EventLoop
import Hosting
import Model
import PinpointAPI
import Postgres
import TestKit
import Testing

@testable import CampaignScheduler

@Suite(.database) struct CampaignTests {
    private static let template: JSON = ["Subject": "Hello {{User.UserId}}", "TextPart": "For you"]

    private func run(_ body: (ServiceUnderTest) async throws -> Void) async throws {
        try await ServiceUnderTest.run(ControlRoutes.all + campaignRoutes(SchedulerSignal()), body)
    }

    /// An app with an e-mail channel, a template and a segment; its id and the segment's.
    private func prepare(_ service: ServiceUnderTest) async throws -> (app: String, segment: String) {
        let app = try await service.createApp()
        let channel: JSON = [
            "FromAddress": "shop@example.com", "Identity": "arn:aws:ses:eu-west-1:1:identity/example.com",
        ]
        #expect(try await service.call("PUT", "/v1/apps/\(app)/channels/email", channel).status == 200)
        #expect(try await service.call("POST", "/v1/templates/hello/email", Self.template).status == 201)
        let segment = SegmentID(high: 5, low: 5)
        let test = try TestDatabase.current
        let (id, now) = (try #require(AppID(app)), test.environment.now())
        try await test.database.execute(
            "INSERT INTO segments (app, id, version, created_at) VALUES (\(id), \(segment), 2, \(now))"
        )
        try await test.database.execute(
            """
            INSERT INTO segment_versions (app, id, version, definition, created_at)
            SELECT \(id), \(segment), v, '{"Dimensions": {}}', \(now) FROM generate_series(1, 2) AS v
            """
        )
        return (app, segment.description)
    }

    private func body(_ segment: String, _ changes: JSONObject = [:]) -> JSON {
        var object: JSONObject = [
            "Name": "spring", "SegmentId": .string(segment), "Schedule": ["StartTime": "IMMEDIATE"],
            "TemplateConfiguration": ["EmailTemplate": ["Name": "hello"]],
        ]
        for member in changes.members { object[member.key] = member.value }
        return .object(object)
    }

    @Test func `a created campaign answers with every member that Pinpoint has`() async throws {
        try await run { service in
            let (app, segment) = try await prepare(service)
            let created = try await service.call("POST", "/v1/apps/\(app)/campaigns", body(segment))
            #expect(created.status == 201)
            let id = try #require(created.json["Id"]?.string)
            let date: JSON = "1998-07-01T00:00:00.000Z"
            let expected: JSON = [
                "AdditionalTreatments": [], "ApplicationId": .string(app),
                "Arn": .string("arn:aws:mobiletargeting:eu-west-1:123456789012:apps/\(app)/campaigns/\(id)"),
                "CreationDate": date, "HoldoutPercent": 0, "Id": .string(id), "IsPaused": false,
                "LastModifiedDate": date, "Limits": [:], "Name": "spring", "Schedule": ["StartTime": "IMMEDIATE"],
                "SegmentId": .string(segment), "SegmentVersion": 2, "State": ["CampaignStatus": "SCHEDULED"],
                "tags": [:], "TemplateConfiguration": ["EmailTemplate": ["Name": "hello"]], "Version": 1,
            ]
            #expect(created.json == expected, "\(created.text)")
            #expect(try await service.call("GET", "/v1/apps/\(app)/campaigns/\(id)").json == expected)
            #expect(try await service.call("GET", "/v1/apps/\(app)/campaigns/\(id)/versions/1").json == expected)
            #expect(try await service.call("GET", "/v1/apps/\(app)/campaigns").json == ["Item": [expected]])
        }
    }

    @Test func `treatments, holdout, limits and policy come back as they were written`() async throws {
        try await run { service in
            let (app, segment) = try await prepare(service)
            let treatment: JSON = [
                "SizePercent": 45, "TreatmentName": "B",
                "MessageConfiguration": ["EmailMessage": ["Body": "Text", "Title": "Other"]],
            ]
            let written = body(
                segment,
                [
                    "AdditionalTreatments": [treatment], "HoldoutPercent": 10, "TreatmentName": "A",
                    "Limits": ["MaximumDuration": 3600], "Needletail": ["DeliveryPolicy": "AT_LEAST_ONCE"],
                    "Description": "a test", "tags": ["team": "growth"],
                ]
            )
            let created = try await service.call("POST", "/v1/apps/\(app)/campaigns", written)
            #expect(created.status == 201, "\(created.text)")
            let json = created.json
            for name in ["HoldoutPercent", "TreatmentName", "Limits", "Needletail", "Description", "tags", "Name"] {
                #expect(json[name] == written[name], "\(name)")
            }
            #expect(json["DefaultState"] == ["CampaignStatus": "SCHEDULED"])
            let answered = json["AdditionalTreatments"]?.array?.first
            #expect(answered?["Id"] == "1")
            #expect(answered?["SizePercent"] == 45)
            #expect(answered?["State"] == ["CampaignStatus": "SCHEDULED"])
            #expect(answered?["MessageConfiguration"] == treatment["MessageConfiguration"])
        }
    }

    @Test func `an update is a new version, a deleted campaign is gone`() async throws {
        try await run { service in
            let (app, segment) = try await prepare(service)
            let start: JSONObject = ["Schedule": ["StartTime": "1998-08-01T00:00:00Z"]]
            let path = "/v1/apps/\(app)/campaigns"
            let id = try #require(try await service.call("POST", path, body(segment, start)).json["Id"]?.string)
            var change = start
            change["Name"] = "summer"
            let updated = try await service.call("PUT", "\(path)/\(id)", body(segment, change))
            #expect(updated.status == 200)
            #expect(updated.json["Version"] == 2)
            #expect(updated.json["Name"] == "summer")
            #expect(try await service.call("GET", "\(path)/\(id)/versions/1").json["Name"] == "spring")
            let page = try await service.call("GET", "\(path)/\(id)/versions?page-size=1").json
            #expect(page["Item"]?.array?.compactMap { $0["Version"]?.int } == [2])
            let token = try #require(page["NextToken"]?.string)
            let rest = try await service.call("GET", "\(path)/\(id)/versions?page-size=1&token=\(token)").json
            #expect(rest["Item"]?.array?.compactMap { $0["Version"]?.int } == [1])
            #expect(rest["NextToken"] == nil)

            let deleted = try await service.call("DELETE", "\(path)/\(id)")
            #expect(deleted.status == 200)
            #expect(deleted.json["State"] == ["CampaignStatus": "DELETED"])
            for (method, sent) in [("GET", nil), ("DELETE", nil), ("PUT", body(segment, start))] {
                let gone = try await service.call(method, "\(path)/\(id)", sent)
                #expect(gone.status == 404, "\(method)")
                #expect(gone.message == "Resource not found")
            }
            #expect(try await service.call("GET", path).json == ["Item": []])
        }
    }

    @Test func `a campaign that could not be sent is refused with the place that is wrong, and not stored`()
        async throws
    {
        try await run { service in
            let (app, segment) = try await prepare(service)
            func email(_ message: JSON) -> JSONObject {
                ["TemplateConfiguration": .null, "MessageConfiguration": ["EmailMessage": message]]
            }
            func message(_ messages: JSON) -> JSONObject {
                ["TemplateConfiguration": .null, "MessageConfiguration": messages]
            }
            let bad: [(JSONObject, String)] = [
                (["SegmentId": "00000000000000050000000000000006"], "SegmentId: the segment does not exist"),
                (["SegmentVersion": 3], "SegmentVersion: the segment has versions 1 to 2"),
                (["TemplateConfiguration": ["EmailTemplate": ["Name": "none"]]], "no e-mail template named \"none\""),
                (email(["Title": "{{#if}}", "Body": "x"]), "EmailMessage.Title is not a valid template"),
                (email(["Title": "x\r\nBcc: y@example.com", "Body": "x"]), "EmailMessage.Title must be one line"),
                (email(["Title": "x", "HtmlBody": "{{#each}}"]), "EmailMessage.HtmlBody is not a valid template"),
                (
                    email(["Title": "x", "Body": "x", "FromAddress": "nobody"]),
                    "EmailMessage.FromAddress must be an e-mail"
                ),
                (email(["Title": "x"]), "EmailMessage.HtmlBody or Body is required"),
                (message(["SMSMessage": ["Body": "{{#if}}"]]), "SMSMessage.Body is not a valid template: line 1"),
                (message(["SMSMessage": ["Body": "{{> none}}"]]), "SMSMessage.Body is not a valid template"),
                (message(["APNSMessage": ["Title": "{{/if}}"]]), "APNSMessage.Title is not a valid template"),
                (message(["DefaultMessage": ["Body": "{{", "Title": "x"]]), "is not a valid template"),
                (message(["SMSMessage": [:]]), "MessageConfiguration.SMSMessage.Body is required"),
                (
                    ["TemplateConfiguration": ["SMSTemplate": ["Name": "hello"]]],
                    "TemplateConfiguration.SMSTemplate: there is no SMS template named \"hello\""
                ),
                (["Limits": ["Daily": 101]], "Limits.Daily must be between 0 and 100"),
                (["Hook": ["WebUrl": "http://example.com"]], "Hook.WebUrl must be a URL"),
                (email(["Body": "x"]), "EmailMessage.Title is required"),
                (
                    email(["Title": "x", "Body": "x", "Headers": [["Name": "To", "Value": "y@example.com"]]]),
                    "EmailMessage.Headers[0].Name is a header"
                ),
                (
                    ["Schedule": ["StartTime": "IMMEDIATE", "Frequency": "SOMETIMES"]],
                    "Schedule.Frequency must be one of"
                ),
                (["HoldoutPercent": 101], "HoldoutPercent must be"),
                (["tags": ["aws:x": "1"]], "tags.aws:x"),
            ]
            for (changes, message) in bad {
                let refused = try await service.call("POST", "/v1/apps/\(app)/campaigns", body(segment, changes))
                #expect(refused.status == 400, "\(message)")
                #expect(refused.header("x-amzn-ErrorType") == "BadRequestException")
                #expect(refused.message.contains(message), "\(refused.message)")
            }
            let off: JSON = [
                "FromAddress": "shop@example.com", "Identity": "arn:aws:ses:eu-west-1:1:identity/example.com",
                "Enabled": false,
            ]
            #expect(try await service.call("PUT", "/v1/apps/\(app)/channels/email", off).status == 200)
            let refused = try await service.call("POST", "/v1/apps/\(app)/campaigns", body(segment))
            #expect(refused.message.contains("channel is not enabled"), "\(refused.message)")
            let stored: Int = try await TestDatabase.current.database.query("SELECT count(*) FROM campaign_versions")[0]
                .get(0)
            #expect(stored == 0)
        }
    }

    @Test func `a new campaign takes the app's limits, an existing one does not`() async throws {
        try await run { service in
            let (app, segment) = try await prepare(service)
            let path = "/v1/apps/\(app)/campaigns"
            let start: JSONObject = ["Schedule": ["StartTime": "1998-08-01T00:00:00Z"]]
            let before = try #require(try await service.call("POST", path, body(segment, start)).json["Id"]?.string)
            let settings: JSON = ["Limits": ["MaximumDuration": 600, "MessagesPerSecond": 100]]
            #expect(try await service.call("PUT", "/v1/apps/\(app)/settings", settings).status == 200)
            let limits = settings["Limits"]
            let new = try await service.call("POST", path, body(segment, start)).json
            #expect(new["Limits"] == limits)
            var own = start
            own["Limits"] = ["MaximumDuration": 60]
            let mixed = try await service.call("POST", path, body(segment, own)).json
            #expect(mixed["Limits"] == ["MaximumDuration": 60, "MessagesPerSecond": 100])
            #expect(try await service.call("PUT", "\(path)/\(before)", body(segment, start)).json["Limits"] == [:])
        }
    }

    @Test func `every default of the app is copied at creation, and not over what a campaign says itself`() async throws
    {
        try await run { service in
            let (app, segment) = try await prepare(service)
            let (path, settings) = ("/v1/apps/\(app)/campaigns", "/v1/apps/\(app)/settings")
            let written: JSON = [
                "CampaignHook": ["LambdaFunctionName": "f", "Mode": "FILTER"],
                "Limits": ["Daily": 3, "Total": 9, "Session": 2], "QuietTime": ["End": "06:00", "Start": "22:00"],
            ]
            #expect(try await service.call("PUT", settings, written).status == 200)
            let start = "1998-08-01T00:00:00Z"
            let later: JSONObject = ["Schedule": ["StartTime": .string(start)]]
            let taken = try await service.call("POST", path, body(segment, later)).json
            #expect(taken["Hook"] == written["CampaignHook"])
            #expect(taken["Limits"] == written["Limits"])
            #expect(taken["Schedule"] == ["QuietTime": written["QuietTime"] ?? .null, "StartTime": .string(start)])
            #expect(taken["DailyFrom"] == nil)

            let own: JSONObject = [
                "Hook": [:], "Limits": ["Daily": 0, "Total": 1],
                "Schedule": ["QuietTime": [:], "StartTime": .string(start)],
            ]
            let kept = try await service.call("POST", path, body(segment, own)).json
            #expect(kept["Hook"] == [:])
            #expect(kept["Limits"] == ["Daily": 0, "Total": 1, "Session": 2])
            #expect(kept["Schedule"] == own["Schedule"])
            // An update says all there is: what it leaves out is not filled again.
            let id = try #require(taken["Id"]?.string)
            let updated = try await service.call("PUT", "\(path)/\(id)", body(segment, later)).json
            #expect(updated["Hook"] == nil)
            #expect(updated["Limits"] == [:])
            #expect(updated["Schedule"] == later["Schedule"])

            let unset: JSON = [
                "CampaignHook": ["LambdaFunctionName": "f", "Mode": "DELIVERY"],
                "Limits": ["Daily": 0, "Session": 0, "Total": 0],
                "QuietTime": ["End": "", "Start": ""],
            ]
            #expect(try await service.call("PUT", settings, unset).status == 200)
            let bare = try await service.call("POST", path, body(segment, later)).json
            #expect(bare["Hook"] == nil)
            #expect(bare["Limits"] == [:])
            #expect(bare["Schedule"] == later["Schedule"])
        }
    }

    @Test func `campaigns are found in their own app only`() async throws {
        try await run { service in
            let (app, segment) = try await prepare(service)
            let other = try await service.createApp("other")
            let id = try #require(
                try await service.call("POST", "/v1/apps/\(app)/campaigns", body(segment)).json["Id"]?.string
            )
            #expect(try await service.call("GET", "/v1/apps/\(other)/campaigns/\(id)").status == 404)
            let foreign = try await service.call("POST", "/v1/apps/\(other)/campaigns", body(segment))
            #expect(foreign.status == 400)
            #expect(foreign.message.contains("SegmentId"))
            #expect(try await service.call("GET", "/v1/apps/\(app)/campaigns/nothing").status == 404)
        }
    }
}
