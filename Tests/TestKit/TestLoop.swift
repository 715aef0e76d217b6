package import EventLoop

/// Runs a body on an event loop of its own, as a process would.
package enum TestLoop {
    /// The body's tasks run on the loop's thread, so it must not block.
    package static func run<Value: Sendable>(
        _ body: @escaping @Sendable (EventLoop) async throws -> Value
    ) async throws -> Value {
        let loop = try EventLoop(name: "test")
        loop.start()
        defer { loop.stop() }
        return try await withTaskExecutorPreference(loop) { try await body(loop) }
    }
}
