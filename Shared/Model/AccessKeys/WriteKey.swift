package import Core

/// A publishable write key of an app, without its secret: it stands in web pages and app bundles, so that whoever has it may put
/// events and endpoints of that app, and see which in-app messages an endpoint gets. What that lets a stranger do is in
/// `Services/IngestAPI/sdk/README.md`.
package struct WriteKey: Sendable, Equatable {
    package static let nameCharacters = 64
    package static let originsPerKey = 20
    /// Live ones: for one per platform and release, not one per person.
    package static let keysPerApp = 100

    package let id: String
    package let app: AppID
    package let name: String?
    /// `https://shop.example`, as browsers write them; empty: any page, and what is no page.
    package let origins: [String]
    package let createdAt: Instant
    package let revokedAt: Instant?

    package init(id: String, app: AppID, name: String?, origins: [String], createdAt: Instant, revokedAt: Instant?) {
        self.id = id
        self.app = app
        self.name = name
        self.origins = origins
        self.createdAt = createdAt
        self.revokedAt = revokedAt
    }

    /// The answer's members; `token` only right after it was made.
    package func json(token: String? = nil) -> JSON {
        var json: JSONObject = [
            "ApplicationId": .string(app.description), "Id": .string(id),
            "AllowedOrigins": .array(origins.map { .string($0) }), "CreationDate": .string(createdAt.description),
        ]
        json["Name"] = name.map { .string($0) }
        json["RevocationDate"] = revokedAt.map { .string($0.description) }
        json["WriteKey"] = token.map { .string($0) }
        return .object(json)
    }
}
