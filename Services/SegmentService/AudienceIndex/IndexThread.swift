import EventLoop

/// The thread that owns the process's column indexes. Counting takes a millisecond per million endpoints and loading some per
/// page; neither may hold up the loop that answers requests. What runs here runs one after the other.
final class IndexThread: Sendable {
    private let loop: EventLoop

    init() throws {
        loop = try EventLoop(name: "columns")
        loop.start()
    }

    deinit { loop.stop() }

    var isCurrent: Bool { loop.isInLoop }

    func run<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Value, any Error>) in
            loop.submit { continuation.resume(with: Result { try body() }) }
        }
    }
}
