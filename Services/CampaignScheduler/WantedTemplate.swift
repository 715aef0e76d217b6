import Core
import EventLoop
import Hosting
import Model
import PinpointAPI
import Postgres

/// The text that a preview or a test send is of: a stored version of the template, or unsaved `Content`.
struct WantedTemplate: Sendable {
    static let members = ["Content", "Version"]

    let type: TemplateType
    private let version: WantedTemplateVersion
    /// Unsaved text; nil: the stored version's.
    private let unsaved: TemplateContent?

    /// A content with what it needs to be rendered.
    struct Found: Sendable {
        let content: TemplateContent
        /// Nil for unsaved text.
        let version: Int?
        let snippets: [String: String]
    }

    init(_ json: JSON, type: TemplateType) throws(APIError) {
        let text: String? = try WireReader(json, at: .root).read("Version")
        guard let version = WantedTemplateVersion(text) else {
            throw WirePath.root.member("Version").refusal("must be latest or the number of a version")
        }
        self.type = type
        self.version = version
        unsaved = try json["Content"].map { (json) throws(APIError) in try TemplateContent(type, request: json) }
        guard unsaved == nil || text == nil else {
            throw WirePath.root.member("Version").refusal("and Content cannot be given together")
        }
    }

    /// Throws 404 when there is no such template or version.
    func find(_ name: String, account: String, in session: Session) async throws -> Found {
        var content = unsaved
        var number: Int?
        if content == nil {
            let stored = try await TemplateStore.template(
                name, type: type, version: version, account: account, in: session)
            (content, number) = (stored?.content, stored?.version)
        }
        guard let content else { throw APIError.resourceNotFound }
        let snippets = try await SnippetStore.called(by: content.sources, account: account, in: session)
        return Found(content: content, version: number, snippets: snippets)
    }

    /// Holds unsaved text against what a save would refuse; stored text passed when it was saved. CPU-bound.
    func check(_ found: Found) throws(APIError) {
        if unsaved != nil { _ = try CheckTemplate.run(found.content, snippets: found.snippets) }
    }
}
