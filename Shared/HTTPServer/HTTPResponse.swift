/// What a handler answers. The server adds `Date`, the framing and `Connection`; fields of those names that a handler
/// sets are left out, except `Connection: close`, which closes after this answer.
package struct HTTPResponse: Sendable {
    package enum Body: Sendable {
        /// Sent with `Content-Length`, in one write with the head when the socket takes it.
        case bytes([UInt8])
        /// Sent chunked while the closure runs. When it throws, the connection is cut without the last chunk, so that
        /// the client can tell. Its task is cancelled when the client goes away.
        case stream(@Sendable (HTTPBodyWriter) async throws -> Void)
    }

    package var status: Int
    package var headers: HTTPHeaders
    package var body: Body

    package init(status: Int, headers: HTTPHeaders = [:], body: Body = .bytes([])) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    package static func json(_ bytes: [UInt8], status: Int = 200) -> HTTPResponse {
        HTTPResponse(status: status, headers: ["Content-Type": "application/json"], body: .bytes(bytes))
    }

    package static func text(_ text: String, status: Int = 200) -> HTTPResponse {
        HTTPResponse(
            status: status,
            headers: ["Content-Type": "text/plain; charset=utf-8"],
            body: .bytes(Array(text.utf8))
        )
    }

    package static func empty(status: Int = 204) -> HTTPResponse {
        HTTPResponse(status: status)
    }
}

/// The receiving end of a streamed body.
package struct HTTPBodyWriter: Sendable {
    private let sink: @Sendable ([UInt8]) async throws -> Void
    private let draining: @Sendable () -> Bool

    package init(
        isDraining: @escaping @Sendable () -> Bool = { false },
        _ sink: @escaping @Sendable ([UInt8]) async throws -> Void
    ) {
        draining = isDraining
        self.sink = sink
    }

    /// The server wants to end: a stream without an end of its own ends now. On the server's loop only.
    package var isDraining: Bool { draining() }

    /// Sends one piece. Suspends while more than 64 KB are unsent; throws `CancellationError` once the client is gone.
    package func write(_ bytes: [UInt8]) async throws {
        try await sink(bytes)
    }
}
