import Core
package import Templates

/// A compiled template and where its variables stand on an endpoint's row: what campaigns send and previews show.
package struct PersonalProgram: Sendable {
    private let program: TemplateProgram
    private let fields: [RecipientField]
    let columns: [RecipientField.Column]

    package init(
        _ source: String, _ defaults: TemplateDefaults, snippets: [String: String] = [:]
    ) throws(TemplateFault) {
        program = try TemplateProgram.compile(source, defaults: defaults, snippets: snippets)
        fields = program.paths.map { RecipientField($0.segments) }
        columns = fields.flatMap(\.columns)
    }

    /// As `TemplateProgram.variables`.
    package var variables: [String] { program.variables }

    package func render(
        _ values: RecipientValues,
        _ environment: TemplateEnvironment,
        escaping: TemplateEscaping
    ) throws(TemplateFault) -> [UInt8] {
        var bytes: [UInt8] = []
        try program.render(
            RecipientScope(values: values, fields: fields),
            environment: environment,
            escaping: escaping,
            into: &bytes
        )
        return bytes
    }

    /// Variables of the scope that have no value on this person's row, before defaults.
    package func missing(in values: RecipientValues) -> [String] {
        let scope = RecipientScope(values: values, fields: fields)
        return program.variables.filter { name in
            guard let path = program.paths.first(where: { $0.dotted == name }) else { return false }
            return scope.value(path).isMissing
        }
    }
}
