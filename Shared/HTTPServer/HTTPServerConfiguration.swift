import Core

/// Limits and deadlines of a server. Every deadline is absolute (not "since the last byte"), so that dribbling one
/// byte at a time does not hold a connection (F25).
package struct HTTPServerConfiguration: Sendable {
    /// Longer request lines are a 414.
    package var requestLineBytes = 8 << 10
    /// Request line, fields and line ends together; more is a 431.
    package var headerBytes = 32 << 10
    package var headerCount = 100
    /// At this many connections the listener waits for one to close.
    package var connections = 4096
    /// From the first byte of a request (on a new connection: from accept) to the end of its fields.
    package var headerDeadline: Duration = .seconds(10)
    /// From the end of the fields to the last byte of the body.
    package var bodyDeadline: Duration = .seconds(30)
    /// For sending an answer. A stream's client must take 64 KB in this time.
    package var writeDeadline: Duration = .seconds(30)
    /// A keep-alive connection without a request is closed after this.
    package var idleDeadline: Duration = .seconds(75)
    /// How long a connection is read and thrown away after an answer that closes it.
    package var lingerDeadline: Duration = .seconds(1)
    /// How long an idle connection may still bring a request while the server drains.
    package var drainIdleDeadline: Duration = .seconds(1)

    /// The limit in bytes of one request's body, decided when its fields are in; the request's `body` is still empty.
    package var bodyLimit: @Sendable (HTTPRequest) -> Int
    /// Renders the answers that the server gives itself (400, 408, 413, 414, 417, 431, 501, 505). `reason` is a
    /// sentence that is safe to show.
    package var errorBody: @Sendable (_ status: Int, _ reason: String) -> HTTPResponse

    package init(
        bodyLimit: @escaping @Sendable (HTTPRequest) -> Int = { _ in Limits.requestBodyBytes },
        errorBody: @escaping @Sendable (_ status: Int, _ reason: String) -> HTTPResponse = { .text($1, status: $0) }
    ) {
        self.bodyLimit = bodyLimit
        self.errorBody = errorBody
    }
}
