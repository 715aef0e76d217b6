package import Core
package import EventLoop

/// A strict HTTP/1.1 server (RFC 9112) on one event loop. TLS, HTTP/2 and the public edge are the gateway's.
package final class HTTPServer: Sendable {
    /// `handler` runs on the loop, one task per request, started at once; it must not block. Its task is cancelled when the
    /// client goes away. `observe` is called on the loop once per answered request.
    package init(
        loop: EventLoop,
        configuration: HTTPServerConfiguration,
        environment: Environment,
        observe: @escaping @Sendable (HTTPExchange) -> Void = { _ in },
        handler: @escaping @Sendable (HTTPRequest) async -> HTTPResponse
    ) {}

    /// Starts to accept; callable from any thread. Returns the address with the port that was really taken. Throws a
    /// `Fault` that names the address when it is occupied; a Unix socket file that nobody answers on is replaced.
    package func listen(_ address: ListenAddress) async throws -> ListenAddress { address }

    /// Stops accepting, answers what is in flight with `Connection: close`, closes idle connections after about a
    /// second, and cuts what is left after `grace`.
    package func drain(grace: Duration) async {}
}

/// What a server tells of one answered request: for metrics.
package struct HTTPExchange: Sendable {
    package var method: String
    package var status: Int
    /// From the last byte of the request to the last byte handed to the kernel.
    package var duration: Duration
    package var requestBodyBytes: Int
    package var responseBodyBytes: Int
}
