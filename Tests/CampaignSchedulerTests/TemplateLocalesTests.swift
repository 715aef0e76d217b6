import Core
import TestKit
import Testing

@testable import CampaignScheduler

@Suite(.database) struct TemplateLocalesTests {
    private static func email(_ extensions: JSON?) -> JSON {
        var object: JSONObject = ["Subject": "Hello", "TextPart": "t"]
        if let extensions { object["Needletail"] = extensions }
        return .object(object)
    }

    @Test func `variants come back, stay when an update leaves them out, and go when it empties them`() async throws {
        try await ServiceUnderTest.run(ControlRoutes.all) { service in
            let path = "/v1/templates/t/email"
            let locales: JSON = [
                "Locales": [
                    "de": ["Subject": "Hallo", "DefaultSubstitutions": #"{"Id":"x"}"#], "pt-BR": ["TextPart": "olá"],
                ]
            ]
            let created = try await service.call("POST", path, Self.email(locales))
            #expect(created.status == 201)
            #expect(try await service.call("GET", path).json["Needletail"] == locales)
            #expect(try await service.call("PUT", path, Self.email(nil)).status == 202)
            #expect(try await service.call("GET", path).json["Needletail"] == locales)
            #expect(try await service.call("PUT", path + "?create-new-version=true", Self.email(nil)).status == 202)
            #expect(try await service.call("GET", path + "?version=2").json["Needletail"] == locales)
            #expect(try await service.call("PUT", path, Self.email([:])).status == 202)
            #expect(try await service.call("GET", path + "?version=2").json["Needletail"] == nil)
            #expect(try await service.call("GET", path).json["Needletail"] == locales)
        }
    }

    private static func locales(_ locales: JSON) -> JSON { email(["Locales": locales]) }

    @Test func `a variant that could not be sent is refused at its place`() async throws {
        try await ServiceUnderTest.run(ControlRoutes.all) { service in
            let many = JSONObject(
                uniqueMembers: (0...50).map { .init(key: "de_\($0 + 100)", value: ["Subject": "s"]) })
            let refusals: [(String, JSON, String)] = [
                ("email", Self.email(["Languages": [:]]), "Needletail.Languages is not known"),
                ("email", Self.email([]), "Needletail must be a JSON object"),
                ("email", Self.locales([]), "Needletail.Locales must be a JSON object"),
                ("email", Self.locales(["de": 1]), "Needletail.Locales.de must be a JSON object"),
                ("email", Self.locales(["german_": [:]]), "Needletail.Locales.german_ is not a locale"),
                ("email", Self.locales(["de-at": [:], "de_AT": [:]]), "is the same locale as de-at"),
                ("email", Self.locales(["de": ["Body": "x"]]), "Needletail.Locales.de.Body is not known"),
                ("email", Self.locales(["de": ["Subject": 1]]), "Needletail.Locales.de.Subject must be a string"),
                ("email", Self.locales(["de": ["Subject": "a\nb"]]), "Needletail.Locales.de.Subject must be one line"),
                (
                    "email", Self.locales(["de": ["HtmlPart": "{{#if x}}"]]),
                    "Needletail.Locales.de.HtmlPart is not a valid template: line 1"
                ),
                (
                    "email", Self.locales(["de": ["DefaultSubstitutions": "["]]),
                    "Needletail.Locales.de.DefaultSubstitutions"
                ),
                ("email", Self.locales(.object(many)), "must have at most 50 entries"),
                (
                    "sms",
                    [
                        "Body": "x",
                        "Needletail": ["Locales": ["de": ["Body": .string(String(repeating: "x", count: 1601))]]],
                    ], "Needletail.Locales.de.Body must have at most 1600"
                ),
            ]
            for (type, body, message) in refusals {
                let refused = try await service.call("POST", "/v1/templates/t/\(type)", body)
                #expect(refused.status == 400, "\(message)")
                #expect(refused.message.contains(message), "\(refused.message)")
            }
        }
    }
}
