import Core
import HTTPServer
import Hosting
import Model
import PinpointAPI
import Postgres

/// RemoveAttributes, and the list of an app's attribute names.
enum Attributes {
    /// PUT …/attributes/{attribute-type}: replaces the list of names and globs that are not captured.
    static func remove(_ call: RequestContext, _ ingest: Ingest) async throws -> HTTPResponse {
        let app = try await call.app()
        let kind = try kind(try call.parameter("attribute-type"))
        let request: UpdateAttributesRequest = try call.body()
        let patterns = try checked(request.blacklist ?? [])
        let now = call.context.environment.now()
        let isSet = try await call.context.database.retryingTransaction { session in
            try await AttributeStore.setBlacklist(app, kind, patterns: patterns, at: now, in: session)
        }
        guard isSet else {
            call.context.apps.forget(app)
            throw APIError.applicationNotFound
        }
        ingest.attributes.forget(app)
        return call.answer(
            AttributesResource(applicationId: app.description, attributeType: kind.rawValue, attributes: patterns))
    }

    /// GET …/attributes (extension): at most 250 names, so that there are no pages.
    static func list(_ call: RequestContext) async throws -> HTTPResponse {
        let app = try await call.app()
        let listings = try await call.context.database.withSession { try await AttributeStore.list(app, in: $0) }
        let items = listings.map { listing -> JSON in
            [
                "AttributeType": .string(listing.kind.rawValue), "Attributes": listing.names.json,
                "Blacklist": listing.blacklist.json,
            ]
        }
        let body: JSON = [
            "ApplicationId": .string(app.description), "Limit": .integer(Int64(AttributeLimits.names)),
            "Item": .array(items),
        ]
        return .json(body.serialized)
    }

    private static func kind(_ text: String) throws(APIError) -> AttributeKind {
        guard let kind = AttributeKind(rawValue: text) else {
            let known = AttributeKind.allCases.map(\.rawValue).joined(separator: ", ")
            throw .badRequest("attribute-type must be one of \(known); got \"\(text.prefix(50))\"")
        }
        return kind
    }

    /// Each once, in the order given.
    private static func checked(_ patterns: [String]) throws(APIError) -> [String] {
        var kept: [String] = []
        for (index, pattern) in patterns.enumerated() {
            let count = pattern.unicodeScalars.count
            guard (1...AttributeLimits.patternCharacters).contains(count) else {
                throw WirePath.root.member("Blacklist").element(index).refusal(
                    "must have 1 to \(AttributeLimits.patternCharacters) characters; got \(count)")
            }
            if !kept.contains(where: pattern.isExactly) { kept.append(pattern) }
        }
        return kept
    }
}
