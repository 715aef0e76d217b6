import Core
package import PinpointAPI
import Postgres

/// Turns whatever a handler threw into an answer, once, at the edge.
package enum ErrorRendering {
    /// The answer, and whether the error belongs in the log. What is not ours to explain becomes a bare 500.
    package static func render(_ error: any Error) -> (answer: APIError, isLogged: Bool) {
        switch error {
        case let error as APIError: (error, error.status >= 500 && error.status != 501)
        case let error as JSONFault: (.malformed(error), false)
        case let error as Fault: render(error)
        case let error as SQLFault: (error.isRetryable ? unavailable : .internalError, true)
        case is CancellationError: (unavailable, false)
        default: (.internalError, true)
        }
    }

    private static func render(_ fault: Fault) -> (APIError, Bool) {
        switch fault.code {
        case .invalid: (.badRequest(fault.publicMessage), false)
        case .notFound: (.notFound(fault.publicMessage), false)
        case .conflict: (.conflict(fault.publicMessage), false)
        case .unavailable, .timeout, .cancelled: (unavailable, true)
        default: (.internalError, true)
        }
    }

    private static let unavailable = APIError.unavailable("The service is not available at the moment; try again")
}
