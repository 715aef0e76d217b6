package import Core

/// A variable as a template names it, split once at compile time: `User.UserAttributes.[Last Name].[0]` has the
/// segments `User`, `UserAttributes`, `Last Name`, `0`.
package struct TemplatePath: Sendable, Hashable {
    /// The place of this path in `TemplateProgram.paths`; −1 for a path that came up while rendering (`lookup`).
    package let slot: Int
    package let segments: [String]

    package init(slot: Int, segments: [String]) {
        self.slot = slot
        self.segments = segments
    }

    /// The name as DefaultSubstitutions writes it: segments joined by dots.
    package var dotted: String { segments.joined(separator: ".") }
}

/// Where a template's variables come from: one person's values.
///
/// A scope over rows prepares once per program: it maps `program.paths` to accessors of its own
/// (`let fields = program.paths.map(Field.init)`) and then answers `value(_:)` with `fields[path.slot]`, without
/// comparing a string per person. A path whose `slot` is −1 has to be resolved by its segments.
///
/// Rules for conformers: an empty `segments` asks for the whole scope (an object, for `{{#each this}}`); a path to
/// something in between (`User`, `Attributes`) answers with `.json` of an object; what is left of a path behind the
/// value found is walked with `TemplateValue.descend`; anything unknown is `.missing`, never an error.
package protocol TemplateScope {
    func value(_ path: TemplatePath) -> TemplateValue
}

/// A scope over a JSON tree: previews, tests, journeys' event data.
package struct JSONScope: TemplateScope, Sendable {
    package var root: JSON

    package init(_ root: JSON) {
        self.root = root
    }

    package func value(_ path: TemplatePath) -> TemplateValue {
        TemplateValue(root).descend(path.segments[...])
    }
}
