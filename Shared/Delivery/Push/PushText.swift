import Core
import Model
import Templates

/// One text of a notification: the same for everybody, or filled in per person.
enum PushText: Sendable {
    case constant([UInt8])
    case personal(PersonalProgram, TemplateEscaping)

    /// Nil for a member that is missing or empty.
    init?(
        _ source: JSON?, _ defaults: TemplateDefaults, _ snippets: [String: String], escaping: TemplateEscaping = .none
    ) throws(TemplateFault) {
        guard let source = source?.string, !source.isEmpty else { return nil }
        if source.contains("{{") {
            self = .personal(try PersonalProgram(source, defaults, snippets: snippets), escaping)
        } else {
            self = .constant(Array(source.utf8))
        }
    }

    var columns: [RecipientField.Column] {
        switch self {
        case .constant: []
        case .personal(let program, _): program.columns
        }
    }

    func render(_ values: RecipientValues, _ templates: TemplateEnvironment) throws(TemplateFault) -> [UInt8] {
        switch self {
        case .constant(let bytes): bytes
        case .personal(let program, let escaping): try program.render(values, templates, escaping: escaping)
        }
    }
}
