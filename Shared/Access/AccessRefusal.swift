package import Core
package import PinpointAPI

/// The answers to requests that are not let in: names and wording as AWS gives them, because SDKs and people know them.
/// None echoes a signature, a secret or the canonical request.
package enum AccessRefusal {
    package static let missingToken = APIError.missingAuthenticationToken
    package static let unknownKey = APIError.unrecognizedClient
    package static let wrongSignature = APIError.invalidSignature(
        "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key "
            + "and signing method. Consult the service documentation for details.")
    package static let streamingPayload = APIError(
        status: 501, code: "NotImplementedException",
        message: "Streaming payload signatures are not supported; sign the whole body.")
    package static let notAService = APIError.accessDenied("This route is for calls between Needletail's processes.")

    /// Temporary credentials past their end: SDKs fetch new ones at this code.
    package static let expiredCredentials = expiredURL
    package static let wrongOrigin = APIError.accessDenied(
        "This write key may not be used from this origin; it has a list of AllowedOrigins.")

    /// The caller is known, and may not do this.
    package static func notAllowed(_ caller: Caller, _ action: String) -> APIError {
        .accessDenied("User: \(caller.description) is not authorized to perform: \(action)")
    }

    /// The signature cannot be read; `problem` says what is missing or malformed.
    package static func incomplete(_ problem: String) -> APIError {
        .incompleteSignature(problem)
    }

    package static func wrongScope(_ problem: String) -> APIError {
        .invalidSignature(problem)
    }

    /// Too old: `bound` is now minus the tolerance.
    package static func expired(_ signedAt: Instant, now: Instant, tolerance: Duration) -> APIError {
        .invalidSignature(
            "Signature expired: \(SignatureTime.format(signedAt)) is now earlier than "
                + "\(SignatureTime.format(now - tolerance)) (\(SignatureTime.format(now)) - \(tolerance.components.seconds / 60) min.)"
        )
    }

    package static func notYetCurrent(_ signedAt: Instant, now: Instant, tolerance: Duration) -> APIError {
        .invalidSignature(
            "Signature not yet current: \(SignatureTime.format(signedAt)) is still later than "
                + "\(SignatureTime.format(now + tolerance)) (\(SignatureTime.format(now)) + \(tolerance.components.seconds / 60) min.)"
        )
    }

    /// A presigned URL past its `X-Amz-Expires`.
    package static let expiredURL = APIError.expiredToken("The security token included in the request is expired")
}
