package import Core
package import PinpointAPI

/// An app as the API shows it.
package struct StoredApp: Sendable {
    package var id: AppID
    package var account: String
    package var name: String
    package var tags: [String: String]
    package var createdAt: Instant

    package init(id: AppID, account: String, name: String, tags: [String: String], createdAt: Instant) {
        self.id = id
        self.account = account
        self.name = name
        self.tags = tags
        self.createdAt = createdAt
    }

    package func response(region: String) -> ApplicationResponse {
        ApplicationResponse(
            arn: ARN(region: region, account: account, .app(id)).description,
            id: id.description,
            name: name,
            tags: tags,
            creationDate: createdAt.description
        )
    }
}
