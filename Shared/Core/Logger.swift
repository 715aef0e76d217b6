/// Structured log events: a name that never changes (`queue.lease_lost`) and fields. Addresses, tokens and bodies are
/// never fields; log their keyed hash or nothing.
package struct Logger: Sendable {
    package enum Level: Int, Comparable, Sendable, CaseIterable {
        case debug, info, warning, error

        package static func < (left: Level, right: Level) -> Bool { left.rawValue < right.rawValue }
    }

    package typealias Sink = @Sendable (_ level: Level, _ event: String, _ fields: [(String, JSON)]) -> Void

    private let minimum: Level
    private let sink: Sink

    package init(minimum: Level, sink: @escaping Sink) {
        self.minimum = minimum
        self.sink = sink
    }

    package static let silent = Logger(minimum: .error) { _, _, _ in }

    /// For callers on a hot path, which would build fields for nothing.
    package func isEnabled(_ level: Level) -> Bool { level >= minimum }

    package func debug(_ event: String, _ fields: KeyValuePairs<String, JSON> = [:]) { write(.debug, event, fields) }
    package func info(_ event: String, _ fields: KeyValuePairs<String, JSON> = [:]) { write(.info, event, fields) }
    package func warning(_ event: String, _ fields: KeyValuePairs<String, JSON> = [:]) {
        write(.warning, event, fields)
    }
    package func error(_ event: String, _ fields: KeyValuePairs<String, JSON> = [:]) { write(.error, event, fields) }

    /// The error's full description goes to the log only.
    package func error(_ event: String, _ error: any Error, _ fields: KeyValuePairs<String, JSON> = [:]) {
        guard minimum <= .error else { return }
        sink(.error, event, fields.map { ($0.key, $0.value) } + [("error", .string(String(reflecting: error)))])
    }

    private func write(_ level: Level, _ event: String, _ fields: KeyValuePairs<String, JSON>) {
        guard level >= minimum else { return }
        sink(level, event, fields.map { ($0.key, $0.value) })
    }
}
