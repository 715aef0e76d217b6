package import Core

/// Handlebars text that the templates of an account share: `{{> name}}` prints it.
package struct Snippet: Sendable, Equatable {
    package var name: String
    /// Empty in lists.
    package var body: String
    package var description: String?
    package var createdAt: Instant
    package var modifiedAt: Instant

    package init(name: String, body: String, description: String?, createdAt: Instant, modifiedAt: Instant) {
        self.name = name
        self.body = body
        self.description = description
        self.createdAt = createdAt
        self.modifiedAt = modifiedAt
    }

    /// Of the text, in characters; a template with all its snippets has 600,000 at most.
    package static let bodyCharacters = 100_000
    package static let descriptionCharacters = 500
}
