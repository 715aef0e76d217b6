/// Why a template cannot be compiled or rendered, and where in its source.
///
/// A `.syntax` fault is the author's: the API answers 400 with `description`. The others happen while rendering for one
/// person; the send then ends as a rendering failure. Messages quote the template only, never a person's values.
package struct TemplateFault: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Kind: Sendable, Hashable {
        /// The source is not a template of ours; found by `compile`.
        case syntax
        /// A helper cannot work with the value it got (`add` with a name).
        case value
        /// A limit of `TemplateBudget` was reached.
        case budget
    }

    package var kind: Kind
    package var message: String
    /// From 1.
    package var line: Int
    /// From 1, in Unicode scalars.
    package var column: Int

    package init(_ kind: Kind, _ message: String, line: Int, column: Int) {
        self.kind = kind
        self.message = message
        self.line = line
        self.column = column
    }

    package var description: String { "line \(line), column \(column): \(message)" }
}
