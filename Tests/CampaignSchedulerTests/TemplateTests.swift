import Core
import TestKit
import Testing

@testable import CampaignScheduler

@Suite(.database) struct TemplateTests {
    private static let body: JSON = [
        "Subject": "Hello {{User.UserAttributes.FirstName}}", "HtmlPart": "<p>{{User.UserAttributes.FirstName}}</p>",
        "TextPart": "Hi", "DefaultSubstitutions": #"{"User.UserAttributes.FirstName":"friend"}"#,
        "TemplateDescription": "first", "Headers": [["Name": "X-Shop", "Value": "{{Id}}"]],
    ]

    private static func body(_ subject: String) -> JSON { ["Subject": .string(subject), "TextPart": "t"] }

    @Test func `a template is created, read and deleted as Pinpoint does it`() async throws {
        try await ServiceUnderTest.run(ControlRoutes.all) { service in
            var request = try #require(Self.body.object)
            request["tags"] = ["team": "growth"]
            let created = try await service.call("POST", "/v1/templates/Win_back-1/email", .object(request))
            #expect(created.status == 201)
            let arn = "arn:aws:mobiletargeting:eu-west-1:123456789012:templates/Win_back-1/EMAIL"
            let requestID = try #require(created.header("x-amzn-RequestId"))
            #expect(created.json == ["Arn": .string(arn), "Message": "Created", "RequestID": .string(requestID)])

            var expected = try #require(Self.body.object)
            expected["Arn"] = .string(arn)
            expected["CreationDate"] = "1998-07-01T00:00:00.000Z"
            expected["LastModifiedDate"] = "1998-07-01T00:00:00.000Z"
            expected["tags"] = ["team": "growth"]
            expected["TemplateName"] = "Win_back-1"
            expected["TemplateType"] = "EMAIL"
            expected["Version"] = "1"
            let read = try await service.call("GET", "/v1/templates/Win_back-1/email").json
            #expect(read.object?.keys.sorted() == expected.keys.sorted())
            for member in expected.members { #expect(read[member.key] == member.value, "\(member.key)") }

            let again = try await service.call("POST", "/v1/templates/Win_back-1/email", Self.body)
            #expect(again.status == 400)
            #expect(again.message.contains("Win_back-1"))
            let deleted = try await service.call("DELETE", "/v1/templates/Win_back-1/email")
            #expect(deleted.status == 202)
            #expect(deleted.json["Message"] == "Accepted")
            for method in ["GET", "DELETE"] {
                #expect(
                    try await service.call(method, "/v1/templates/Win_back-1/email").message == "Resource not found")
            }
            #expect(try await service.call("PUT", "/v1/templates/Win_back-1/email", Self.body).status == 404)
            #expect(try await service.call("POST", "/v1/templates/Win_back-1/email", Self.body).status == 201)
            #expect(try await service.call("GET", "/v1/templates/Win_back-1/email").json["tags"] == [:])
        }
    }

    @Test func `versions are overwritten, added, activated, listed and deleted`() async throws {
        try await ServiceUnderTest.run(ControlRoutes.all) { service in
            let path = "/v1/templates/t/email"
            func subject(_ query: String = "") async throws -> String? {
                try await service.call("GET", path + query).json["Subject"]?.string
            }
            _ = try await service.call("POST", path, Self.body("one"))
            let updated = try await service.call("PUT", path, Self.body("one, corrected"))
            #expect(updated.status == 202)
            #expect(try await subject() == "one, corrected")

            #expect(try await service.call("PUT", path + "?create-new-version=true", Self.body("two")).status == 202)
            #expect(try await service.call("PUT", path + "?version=2", Self.body("two, corrected")).status == 202)
            #expect(try await subject() == "one, corrected", "a new version is not active")
            #expect(try await subject("?version=latest") == "two, corrected")
            #expect(try await subject("?version=2") == "two, corrected")
            #expect(try await subject("?version=3") == nil)

            let stale = try await service.call("PUT", path + "?version=1", Self.body("x"))
            #expect(stale.status == 400)
            #expect(stale.message.contains("version"))
            for query in ["?version=2&create-new-version=true", "?create-new-version=yes", "?version=x"] {
                #expect(try await service.call("PUT", path + query, Self.body("x")).status == 400, "\(query)")
            }
            #expect(try await subject("?version=latest") == "two, corrected")

            let active = "/v1/templates/t/Email/active-version"
            #expect(try await service.call("PUT", active, ["Version": "latest"]).status == 200)
            #expect(try await subject() == "two, corrected")
            #expect(try await service.call("PUT", active, ["Version": "9"]).status == 404)
            #expect(try await service.call("PUT", active, ["Version": "newest"]).status == 400)
            #expect(try await service.call("PUT", active, ["Version": 1]).message.contains("Version"))
            #expect(try await service.call("PUT", "/v1/templates/t/FAX/active-version", ["Version": "1"]).status == 400)

            let first = try await service.call("GET", "/v1/templates/t/EMAIL/versions?page-size=1").json
            #expect(first["Item"]?.array?.map { $0["Version"] } == ["2"])
            let token = try #require(first["NextToken"]?.string)
            let second = try await service.call("GET", "/v1/templates/t/EMAIL/versions?page-size=1&next-token=\(token)")
                .json
            #expect(second["Item"]?.array?.map { $0["Version"] } == ["1"])
            #expect(second["NextToken"] == nil)
            #expect(try await service.call("GET", "/v1/templates/none/EMAIL/versions").status == 404)

            #expect(try await service.call("DELETE", path + "?version=2").status == 400, "it is active")
            #expect(try await service.call("PUT", active, ["Version": "1"]).status == 200)
            #expect(try await service.call("DELETE", path + "?version=2").status == 202)
            #expect(try await service.call("DELETE", path + "?version=2").status == 404)
            #expect(try await subject("?version=latest") == "one, corrected")
            _ = try await service.call("PUT", path + "?create-new-version=true", Self.body("three"))
            #expect(
                try await service.call("GET", path + "?version=latest").json["Version"] == "3", "2 is not used again")
            #expect(try await service.call("DELETE", path + "?version=3").status == 202)
            #expect(
                try await service.call("DELETE", path + "?version=1").status == 202,
                "the last one takes the template along")
            #expect(try await service.call("GET", path).status == 404)
        }
    }

    @Test func `templates are listed by prefix and type in pages`() async throws {
        try await ServiceUnderTest.run(ControlRoutes.all) { service in
            for name in ["spring_a", "spring_b", "autumn", "springboard"] {
                _ = try await service.call("POST", "/v1/templates/\(name)/email", Self.body)
            }
            var names: [String] = []
            var token: String?
            repeat {
                let next = token.map { "&next-token=\($0)" } ?? ""
                let page = try await service.call(
                    "GET", "/v1/templates?prefix=spring&template-type=EMAIL&page-size=2\(next)"
                ).json
                names += page["Item"]?.array?.compactMap { $0["TemplateName"]?.string } ?? []
                token = page["NextToken"]?.string
            } while token != nil && names.count < 10
            #expect(names.sorted() == ["spring_a", "spring_b", "springboard"])
            let all = try await service.call("GET", "/v1/templates").json["Item"]?.array ?? []
            #expect(all.count == 4)
            #expect(all.first?["Version"] == "1")
            #expect(all.first?["TemplateDescription"] == nil)
            #expect(try await service.call("GET", "/v1/templates?template-type=SMS").json == ["Item": []])
            #expect(try await service.call("GET", "/v1/templates?template-type=email").json["Item"]?.array?.count == 4)
            #expect(try await service.call("GET", "/v1/templates?template-type=FAX").status == 400)
            let foreign = try await service.call("GET", "/v1/apps?page-size=1")
            #expect(foreign.status == 200)
            #expect(
                try await service.call("GET", "/v1/templates?next-token=eyJMaXN0IjoiR2V0QXBwcyIsIkFmdGVyIjp7fX0").status
                    == 400)
        }
    }

    @Test func `a template that could not be sent is refused by name, line and column`() async throws {
        try await ServiceUnderTest.run(ControlRoutes.all) { service in
            let cases: [(JSON, String)] = [
                (["HtmlPart": "<p>\n  {{#if A}}\n"], "HtmlPart is not a valid template: line "),
                (["TextPart": "{{unknownHelper 1 2}}"], "TextPart is not a valid template: line 1, column"),
                (["Subject": "{{"], "Subject is not a valid template: line 1"), (["Subject": "a\nBcc: b"], "Subject"),
                (["Subject": 7], "Subject"), (["DefaultSubstitutions": "{"], "DefaultSubstitutions"),
                (["DefaultSubstitutions": "[]"], "DefaultSubstitutions"),
                (["DefaultSubstitutions": [:]], "DefaultSubstitutions must be a string"),
                (["Headers": [["Name": "Subject", "Value": "x"]]], "Headers[0].Name"),
                (["Headers": [["Name": "X Y", "Value": "x"]]], "Headers[0].Name"),
                (["Headers": [["Name": "X-A", "Value": "a\r\nb"]]], "Headers[0].Value"),
                (["Headers": [["Name": "X-A"]]], "Headers[0].Value is required"),
                (["RecommenderId": .string(String(repeating: "r", count: 129))], "RecommenderId must have at most 128"),
                (["TemplateDescription": .string(String(repeating: "d", count: 501))], "TemplateDescription"),
                (["HtmlPart": .string(String(repeating: "d", count: 600_001))], "HtmlPart"),
                (
                    ["TextPart": .string(String(repeating: "d", count: 40_000) + "{{/if}}")],
                    "TextPart is not a valid template"
                ),
            ]
            for (body, named) in cases {
                let refused = try await service.call("POST", "/v1/templates/t/email", body)
                #expect(refused.status == 400, "\(named)")
                #expect(refused.message.contains(named), "\(refused.message)")
            }
            for name in ["_t", "a.b", "a%20b", String(repeating: "n", count: 129), "%C3%A9"] {
                let refused = try await service.call("POST", "/v1/templates/\(name)/email", Self.body)
                #expect(refused.status == 400, "\(name)")
                #expect(refused.message.contains("template-name"))
            }
            #expect(try await service.call("GET", "/v1/templates").json == ["Item": []])
        }
    }
}
