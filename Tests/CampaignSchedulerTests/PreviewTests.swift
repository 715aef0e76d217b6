import Core
import Model
import Postgres
import TestKit
import Testing

@testable import CampaignScheduler

@Suite(.database) struct PreviewTests {
    private static let body: JSON = [
        "Subject": "Hi {{User.UserAttributes.Name}}", "HtmlPart": "<p>{{Attributes.City}} {{> sign}}</p>",
        "TextPart": "{{FirstName}}{{Location.Planet}} {{Metrics.Age}}",
        "Headers": [["Name": "X-A", "Value": "{{Id}}"]],
        "DefaultSubstitutions": #"{"User.UserAttributes.Name":"friend"}"#,
        "Needletail": ["Locales": ["de": ["Subject": "Hallo {{User.UserAttributes.Name}}"]]],
    ]

    private static let person: JSON = [
        "Id": "e1", "Address": "a@example.com", "ChannelType": "EMAIL", "Attributes": ["City": ["Köln & Bonn", "Ulm"]],
        "User": ["UserId": "u1", "UserAttributes": ["Name": ["Ann"]]],
    ]

    @Test func `a person's preview has the texts, and what is unknown, missing or a default`() async throws {
        try await ServiceUnderTest.run(ControlRoutes.all) { service in
            _ = try await service.call("PUT", "/v1/snippets/sign", ["Body": "<i>{{Address}}</i>"])
            let created = try await service.call("POST", "/v1/templates/t/email", Self.body)
            #expect(created.status == 201)
            let preview = "/v1/templates/t/EMAIL/preview"
            let answer = try await service.call("POST", preview, ["Endpoint": Self.person])
            #expect(answer.status == 200, "\(answer.text)")
            let shown = answer.json
            #expect(shown["Content"]?["Subject"] == "Hi Ann")
            #expect(shown["Content"]?["HtmlPart"] == "<p>Köln &amp; Bonn,Ulm <i>a@example.com</i></p>")
            #expect(shown["Content"]?["TextPart"] == " ")
            #expect(shown["Content"]?["Headers"] == [["Name": "X-A", "Value": "e1"]])
            #expect(shown["Content"]?["Needletail"] == nil)
            #expect(shown["Version"] == "1")
            #expect(shown["Locale"] == nil)
            #expect(
                shown["Variables"] == [
                    "Address", "Attributes.City", "FirstName", "Id", "Location.Planet", "Metrics.Age",
                    "User.UserAttributes.Name",
                ])
            #expect(shown["UnknownVariables"] == ["FirstName", "Location.Planet"])
            #expect(shown["MissingVariables"] == ["Metrics.Age"])
            #expect(shown["DefaultedVariables"] == [])
            #expect(shown["Warnings"]?.array?.count == 2)

            let german: JSON = ["Endpoint": ["Demographic": ["Locale": "de_AT"]]]
            let other = try await service.call("POST", preview, german).json
            #expect(other["Locale"] == "de")
            #expect(other["Content"]?["Subject"] == "Hallo friend")
            #expect(other["DefaultedVariables"] == ["User.UserAttributes.Name"])
        }
    }

    @Test func `versions and unsaved texts are previewed, and a text that cannot be rendered is named`() async throws {
        try await ServiceUnderTest.run(ControlRoutes.all) { service in
            let path = "/v1/templates/t/sms"
            _ = try await service.call("POST", path, ["Body": "one"])
            _ = try await service.call("PUT", path + "?create-new-version=true", ["Body": "two"])
            func body(_ changes: JSONObject) async throws -> JSON? {
                var request: JSONObject = ["Endpoint": [:]]
                for member in changes.members { request[member.key] = member.value }
                return try await service.call("POST", path + "/preview", .object(request)).json["Content"]?["Body"]
            }
            #expect(try await body([:]) == "one")
            #expect(try await body(["Version": "latest"]) == "two")
            #expect(try await body(["Version": "1"]) == "one")
            #expect(try await body(["Version": "3"]) == nil)
            #expect(try await body(["Content": ["Body": "<{{Address}}>"]]) == "<>")
            let unsaved: JSON = ["Endpoint": ["Address": "<a>"], "Content": ["Body": "{{Address}}"]]
            let nameless = try await service.call("POST", "/v1/templates/new/sms/preview", unsaved)
            #expect(nameless.json["Content"]?["Body"] == "<a>", "texts are not escaped")
            #expect(nameless.json["Version"] == nil)
            let failing: JSON = ["Endpoint": ["Address": "x"], "Content": ["Body": "{{add Address 1}}"]]
            let answer = try await service.call("POST", path + "/preview", failing)
            #expect(answer.status == 200)
            let warning = answer.json["Warnings"]?.array?.first?.string
            #expect(warning?.hasPrefix("Body cannot be rendered for this person") == true, "\(answer.text)")
        }
    }

    @Test func `a stored endpoint is a person too`() async throws {
        try await ServiceUnderTest.run(ControlRoutes.all) { service in
            let app = try await service.createApp()
            _ = try await service.call("POST", "/v1/templates/t/sms", ["Body": "{{Id}} {{Attributes.A}}"])
            try await Self.insert("e 1", app)
            let body: JSON = ["ApplicationId": .string(app), "EndpointId": "e 1"]
            let answer = try await service.call("POST", "/v1/templates/t/sms/preview", body)
            #expect(answer.json["Content"]?["Body"] == "e 1 x,y")
            for (id, endpoint) in [(app, "e2"), (String(repeating: "0", count: 32), "e 1"), ("x", "e 1")] {
                let request: JSON = ["ApplicationId": .string(id), "EndpointId": .string(endpoint)]
                #expect(try await service.call("POST", "/v1/templates/t/sms/preview", request).status == 404)
            }
        }
    }

    @Test(
        arguments: [
            ([:], "ApplicationId and EndpointId, or Endpoint"),
            (["ApplicationId": "x"], "ApplicationId and EndpointId"),
            (["Endpoint": [:], "EndpointId": "x"], "cannot be given together"), (["Endpoint": 1], "Endpoint must be"),
            (["Endpoint": ["Metrics": ["a": "b"]]], "Endpoint.Metrics.a"),
            (["Endpoint": [:], "Person": 1], "Person is not known"),
            (["Endpoint": [:], "Version": "x"], "Version must be"),
            (["Endpoint": [:], "Version": "1", "Content": [:]], "Version and Content"),
            (["Endpoint": [:], "Content": ["Body": "{{#if}}"]], "Body is not a valid template"),
            (["Endpoint": [:], "Content": ["Body": 1]], "Body must be a string"),
        ] as [(JSON, String)])
    func `a preview that cannot be is refused by name`(body: JSON, message: String) async throws {
        try await ServiceUnderTest.run(ControlRoutes.all) { service in
            _ = try await service.call("POST", "/v1/templates/t/sms", ["Body": "one"])
            let refused = try await service.call("POST", "/v1/templates/t/sms/preview", body)
            #expect(refused.status == 400)
            #expect(refused.message.contains(message), "\(refused.message)")
        }
    }

    @Test func `an author is warned of variables that nobody has, and not of those that may be`() async throws {
        try await ServiceUnderTest.run(ControlRoutes.all) { service in
            let good: JSON = [
                "Body": """
                {{Attributes.Any}}{{User.UserAttributes.[Last Name].[0]}}{{Metrics.X}}{{Demographic.Locale}}{{Id}}
                {{RecommendationItems.[0]}}{{#each Attributes.L}}{{this}}{{x}}{{/each}}{{Location.City}}{{CohortId}}
                """
            ]
            let clean = try await service.call("POST", "/v1/templates/good/sms", good)
            #expect(clean.status == 201)
            #expect(clean.json["Needletail"] == nil)
            let bad: JSON = [
                "Body": "{{FirstName}} {{Default}} {{User.Name}} {{Demographic.Colour}}",
                "DefaultSubstitutions": #"{"Default":"x"}"#,
            ]
            let warned = try await service.call("POST", "/v1/templates/bad/sms", bad)
            #expect(warned.status == 201)
            #expect(warned.json["Message"] == "Created")
            let warnings = warned.json["Needletail"]?["Warnings"]?.array?.compactMap(\.string) ?? []
            #expect(warnings.count == 3)
            for (warning, name) in zip(warnings, ["Demographic.Colour", "FirstName", "User.Name"]) {
                #expect(warning.hasPrefix("Body: no endpoint has \(name)"))
            }
            let updated = try await service.call("PUT", "/v1/templates/bad/sms", bad)
            #expect(updated.json["Needletail"]?["Warnings"]?.array?.count == 3)
        }
    }

    private static func insert(_ id: String, _ app: String) async throws {
        let app = try #require(AppID(app))
        let test = try TestDatabase.current
        let (key, now) = (EndpointIdentity(app: app, id: id).key, test.environment.now())
        let attributes: JSON = ["A": ["x", "y"]]
        try await test.database.execute(
            """
            INSERT INTO endpoints (app, endpoint_key, external_id, channel_type, address, cohort, attributes, effective_at,
                                   created_at)
            VALUES (\(app), \(key), \(id), 'SMS', '+4912345678', 1::smallint, \(SQLBind.jsonb(attributes.serialized)),
                    \(now), \(now))
            """)
    }
}
