/// Snippets: partials that stand outside of the template.
extension TemplateCompiler {
    /// Emits each snippet that the template or another snippet calls, once.
    mutating func emitSnippets() throws(TemplateFault) {
        var place = 0
        while place < uses.count {
            let name = uses[place].name
            place += 1
            guard let source = snippetSources[name], !program.snippets.contains(where: { $0.name == name }) else {
                continue
            }
            sourceLength += source.utf8.count
            guard sourceLength <= TemplateProgram.maximumSourceLength else {
                throw SourcePosition.start.fault(
                    .syntax,
                    "the template and its snippets are longer than \(TemplateProgram.maximumSourceLength) bytes")
            }
            let start = here
            let index = partial(named: name)
            snippet = name
            do throws(TemplateFault) {
                try emitDetached(try TemplateParser.parse(Array(source.utf8)), named: name)
            } catch {
                throw error.inSnippet(name)
            }
            snippet = nil
            let definition = PartialDefinition(name: index, entry: start, context: -1, parameters: -1)
            program.snippets.append(SnippetCode(name: name, definition: definition, end: here))
        }
        for snippet in program.snippets { try checkEnds(snippet.name) }
    }

    /// Refuses a snippet that reaches itself over calls without a condition: no rendering of it would end.
    private func checkEnds(_ name: String) throws(TemplateFault) {
        var reached: Set<String> = []
        var open = [name]
        while let next = open.popLast() {
            for called in inclusions[next] ?? [] where !definedPartials.contains(called) {
                guard called != name else {
                    throw SourcePosition.start.fault(
                        .syntax, "the snippet \"\(name)\" includes itself without end, through \"\(next)\"")
                }
                if reached.insert(called).inserted { open.append(called) }
            }
        }
    }
}

/// The operations of one snippet in a program.
struct SnippetCode: Sendable {
    var name: String
    var definition: PartialDefinition
    var end: Int32

    func contains(_ operation: Int) -> Bool { (Int(definition.entry)..<Int(end)).contains(operation) }
}

extension TemplateFault {
    /// Line and column are then those in the snippet.
    func inSnippet(_ name: String) -> TemplateFault {
        var fault = self
        fault.message = "in the snippet \"\(name)\": \(message)"
        return fault
    }
}
