import Core
import Delivery
import EventLoop
import HTTPServer
import Hosting
import Model
import PinpointAPI
import Postgres
import Templates

/// `POST /v1/templates/{template-name}/{template-type}/preview` (extension): what one person would read, by the program that
/// renders what is sent. Stores and sends nothing.
enum PreviewTemplate {
    static func run(_ call: RequestContext) async throws -> HTTPResponse {
        let (name, type) = try call.template()
        let request = try await PreviewRequest(call, type: type)
        let (found, recipient) = try await call.context.database.withSession { session in
            let recipient = try await request.recipient(in: session)
            return (try await request.template.find(name, account: call.account, in: session), recipient)
        }
        let environment = TemplateEnvironment.of(call.context.environment)
        var answer = try await call.context.loop.offload {
            try request.template.check(found)
            return try TemplatePreview(found.content, for: recipient, snippets: found.snippets, environment).members
        }
        answer["TemplateName"] = .string(name)
        answer["TemplateType"] = .string(type.rawValue)
        if let version = found.version { answer["Version"] = .string(String(version)) }
        return .json(JSON.object(answer).serialized)
    }
}

/// A template as one person gets it, and what its author should know of that.
private struct TemplatePreview {
    private var content: JSONObject
    private let locale: String?
    private var variables: Set<String> = []
    private var unknown: Set<String> = []
    private var missing: Set<String> = []
    private var defaulted: Set<String> = []
    private var warnings: [String] = []

    init(
        _ template: TemplateContent, for recipient: Recipient, snippets: [String: String],
        _ environment: TemplateEnvironment
    ) throws(APIError) {
        var (chosen, locale) = template.localized(for: recipient.locale)
        if var extensions = chosen.members[TemplateContent.extensions]?.object {
            extensions[TemplateContent.locales] = nil
            chosen.members[TemplateContent.extensions] = extensions.isEmpty ? nil : .object(extensions)
        }
        self.locale = locale
        content = chosen.members
        let defaults = try CheckTemplate.defaults(of: chosen, standard: .none)
        let values = RecipientValues(recipient)
        var faults: [(path: WirePath, TemplateFault)] = []
        content = chosen.replacingParts { part in
            do throws(TemplateFault) {
                let program = try PersonalProgram(part.source, defaults, snippets: snippets)
                note(program, defaults, values)
                let bytes = try program.render(values, environment, escaping: part.kind == .html ? .html : .none)
                return String(decoding: bytes, as: UTF8.self)
            } catch {
                faults.append((part.path, error))
                return ""
            }
        }
        warnings = unknown.sorted().map { "No endpoint has \($0)" }
        warnings += faults.map {
            "\($0.path) cannot be rendered for this person, who would not get the message: \($0.1)"
        }
    }

    private mutating func note(_ program: PersonalProgram, _ defaults: TemplateDefaults, _ values: RecipientValues) {
        variables.formUnion(program.variables)
        for name in program.missing(in: values) {
            if defaults.value(for: name.split(separator: ".").map(String.init)).isMissing {
                missing.insert(name)
            } else {
                defaulted.insert(name)
            }
        }
        unknown.formUnion(RecipientField.unknown(in: program.variables).filter { !defaulted.contains($0) })
    }

    var members: JSONObject {
        var members: JSONObject = [
            "Content": .object(content), "Variables": variables.sorted().json,
            "UnknownVariables": unknown.sorted().json, "MissingVariables": missing.subtracting(unknown).sorted().json,
            "DefaultedVariables": defaulted.sorted().json, "Warnings": warnings.json,
        ]
        if let locale { members["Locale"] = .string(locale) }
        return members
    }
}
