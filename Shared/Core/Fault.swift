/// An error with two faces: `description` is safe to show to anyone, `debugDescription` is for the log.
///
/// Code outside a module decides by `code`; HTTP routes turn a fault into an answer once, at the edge.
package struct Fault: Error, CustomStringConvertible, CustomDebugStringConvertible {
    /// What a caller can act on. Open: a struct, so that a new code breaks no `switch`.
    package struct Code: Hashable, Sendable {
        package let name: String

        package init(_ name: String) {
            self.name = name
        }

        package static let invalid = Code("invalid")
        package static let notFound = Code("not_found")
        package static let conflict = Code("conflict")
        package static let unavailable = Code("unavailable")
        package static let timeout = Code("timeout")
        package static let cancelled = Code("cancelled")
        package static let configuration = Code("configuration")
        package static let integrity = Code("integrity")
        package static let internalError = Code("internal")
    }

    package let code: Code
    package let publicMessage: String
    /// Whether the same call may succeed later without a change.
    package let isRetryable: Bool
    package let cause: (any Error)?
    package let file: StaticString
    package let line: UInt

    package init(
        _ code: Code,
        _ publicMessage: String,
        isRetryable: Bool = false,
        cause: (any Error)? = nil,
        file: StaticString = #fileID,
        line: UInt = #line
    ) {
        self.code = code
        self.publicMessage = publicMessage
        self.isRetryable = isRetryable
        self.cause = cause
        self.file = file
        self.line = line
    }

    package var description: String { publicMessage }

    package var debugDescription: String {
        let reason = cause.map { ": \(String(reflecting: $0))" } ?? ""
        return "\(code.name) at \(file):\(line): \(publicMessage)\(reason)"
    }
}
