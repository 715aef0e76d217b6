/// Why there is no answer, and what is known about the request's fate.
///
/// The only question that matters to a sender is whether the other side may have acted: `isProvenNotSent` is true when no
/// byte of the request left, so a retry is safe; otherwise the request is in doubt (reference/reliability.md §3.4).
package struct ClientFault: Error, Sendable, CustomStringConvertible {
    package enum Reason: String, Sendable {
        /// The request itself cannot be sent: a control character in a header, a URL that is not http(s).
        case invalidRequest = "invalid_request"
        /// Called inside a database transaction.
        case insideTransaction = "inside_transaction"
        /// A user's URL leads to an address that `OutboundRules` does not permit.
        case forbidden
        /// Name resolution, connecting, TLS.
        case connect
        case timeout
        /// The connection broke or the answer was malformed.
        case broken
        /// The answer is longer than the request allows.
        case responseTooLarge = "response_too_large"
        case cancelled
        case closed
    }

    package let reason: Reason
    /// Bytes of the request (head and body) handed to the connection.
    package let bytesWritten: Int
    /// libcurl's own words; names hosts, never headers or bodies.
    package let detail: String

    package var isProvenNotSent: Bool { bytesWritten == 0 }
    package var description: String { "\(reason.rawValue): \(detail)" }

    static func unsent(_ reason: Reason, _ detail: String) -> ClientFault {
        ClientFault(reason: reason, bytesWritten: 0, detail: detail)
    }
}
