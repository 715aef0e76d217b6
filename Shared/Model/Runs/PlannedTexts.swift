import Core
import PinpointAPI
import Postgres
import Templates

/// What every planner asks of the Handlebars texts of a message before a run may start.
enum PlannedTexts {
    /// Text of the snippets that `sources` call. Texts were compiled when they were written; but snippets change on their own, and a
    /// run that cannot be rendered should not start. Throws `Fault(.invalid)` with `path` in its message.
    static func snippets(
        calledBy sources: [String], account: String, at path: WirePath, in session: Session
    ) async throws -> [String: String] {
        let snippets = try await SnippetStore.called(by: sources, account: account, in: session)
        for source in sources {
            do throws(TemplateFault) {
                guard try !TemplateProgram.partialNames(in: source).isEmpty else { continue }
                _ = try TemplateProgram.compile(source, snippets: snippets)
            } catch {
                throw Fault(.invalid, "\(path) is not a valid template: \(error)")
            }
        }
        return snippets
    }

    /// `DefaultSubstitutions` of a stored template.
    static func defaults(_ text: String?) throws(Fault) -> JSONObject {
        guard let text, !text.isEmpty else { return [:] }
        do {
            return try JSON.parse(Array(text.utf8)).object ?? [:]
        } catch {
            throw Fault(.integrity, "the default substitutions of a stored template are not JSON", cause: error)
        }
    }
}
