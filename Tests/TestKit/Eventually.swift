import Core
import EventLoop
package import Testing

/// Asks again until the condition holds; records an issue at the caller's place when it does not within the time.
///
/// For what happens in another process or task. Never sleep a fixed time instead.
package func eventually(
    within limit: Duration = .seconds(30),
    _ what: String = "the condition",
    sourceLocation: SourceLocation = #_sourceLocation,
    _ condition: () async throws -> Bool
) async throws {
    let deadline = MonotonicClock.now() + limit.microseconds
    while true {
        if try await condition() { return }
        guard MonotonicClock.now() < deadline else { break }
        try await Task.sleep(for: .milliseconds(10))
    }
    Issue.record("\(what) did not hold within \(limit)", sourceLocation: sourceLocation)
    throw EventuallyTimedOut()
}

package struct EventuallyTimedOut: Error {}
