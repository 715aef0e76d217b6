import Core
import PinpointAPI
import Postgres
import Templates

/// What a treatment's call says. Only a voice template makes one: a default message is for reading, and nobody is rung up by accident.
struct VoicePlanner {
    let account: String
    let session: Session

    /// Nil where the treatment names no voice template. Throws `Fault(.invalid)` with the name of what is missing.
    func content(of arm: CampaignArm) async throws -> RunPlan.VoiceContent? {
        guard let reference = TemplateReference(arm.templates?.voiceTemplate) else { return nil }
        let path = arm.templatePath.member("VoiceTemplate")
        let stored = try await TemplateStore.content(
            of: reference, type: .voice, at: path, account: account, in: session)
        return try await content(stored, at: path)
    }

    /// `stored`: of the template, or what would be stored.
    func content(_ stored: TemplateContent, at path: WirePath) async throws -> RunPlan.VoiceContent {
        let template: VoiceTemplateRequest
        do {
            template = try VoiceTemplateRequest(json: .object(stored.members), at: stored.path)
        } catch {
            throw Fault(.integrity, "a stored voice template is not readable", cause: error)
        }
        guard let body = template.body, !body.isEmpty else { throw Fault(.invalid, "\(path) has no Body") }
        var content = RunPlan.VoiceContent(
            body: body, languageCode: template.languageCode, voiceID: template.voiceId,
            originationNumber: stored.members[TemplateContent.extensions]?[TemplateContent.originationNumber]?.string,
            gather: stored.gatherContent, defaultSubstitutions: try defaults(template.defaultSubstitutions))
        let sources = [content.body, content.gather?.prompt].compactMap { $0 }
        content.snippets = try await SnippetStore.called(by: sources, account: account, in: session)
        try checkCalls(in: sources, content.snippets, at: path)
        return content
    }

    /// Snippets change on their own, and a run that cannot be rendered should not start.
    private func checkCalls(in sources: [String], _ snippets: [String: String], at path: WirePath) throws {
        for source in sources {
            do throws(TemplateFault) {
                guard try !TemplateProgram.partialNames(in: source).isEmpty else { continue }
                _ = try TemplateProgram.compile(source, snippets: snippets)
            } catch {
                throw Fault(.invalid, "\(path) is not a valid template: \(error)")
            }
        }
    }

    private func defaults(_ text: String?) throws -> JSONObject {
        guard let text, !text.isEmpty else { return [:] }
        do {
            return try JSON.parse(Array(text.utf8)).object ?? [:]
        } catch {
            throw Fault(.integrity, "the default substitutions of a stored template are not JSON", cause: error)
        }
    }
}
