import Core
import Model
import Templates

/// The texts of an e-mail in one language, compiled.
struct EmailParts: Sendable {
    private let subject: PersonalProgram
    private let html: PersonalProgram?
    private let text: PersonalProgram?
    private let headers: [(name: String, value: PersonalProgram)]
    /// What has to be parsed of a recipient's row.
    let columns: [RecipientField.Column]
    /// What the law adds for people of some countries; nil for a message that no law touches.
    var legal: LegalTexts?

    init(_ content: RunPlan.EmailContent) throws(TemplateFault) {
        let defaults = TemplateDefaults(.object(content.defaultSubstitutions)) ?? .none
        func program(_ source: String) throws(TemplateFault) -> PersonalProgram {
            try PersonalProgram(source, defaults, snippets: content.snippets)
        }
        subject = try program(content.subject)
        html = try content.html.map(program)
        text = try content.text.map(program)
        headers = try content.headers.map { (header) throws(TemplateFault) in (header.name, try program(header.value)) }
        let programs = [subject, html, text].compactMap { $0 } + headers.map(\.value)
        columns = RecipientField.Column.allCases.filter { column in
            programs.contains { $0.columns.contains(column) }
        }
    }

    func render(_ values: RecipientValues, _ templates: TemplateEnvironment) throws(TemplateFault) -> EmailContent {
        EmailContent(
            subject: try subject.render(values, templates, escaping: .none),
            html: try html?.render(values, templates, escaping: .html),
            text: try text?.render(values, templates, escaping: .none),
            headers: try headers.map { (header) throws(TemplateFault) in
                let bytes = try header.value.render(values, templates, escaping: .none)
                return EmailLayout.Header(name: header.name, value: String(decoding: bytes, as: UTF8.self))
            }
        )
    }
}
