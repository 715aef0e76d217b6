package import Core
package import HTTPServer

/// A refusal as Pinpoint's clients know it: the code decides what an SDK does, the message is for people.
///
/// The messages are shown to callers: they name members and limits, never internals or secrets.
package struct APIError: Error, Hashable, CustomStringConvertible {
    package var status: Int
    /// As in `x-amzn-ErrorType`, e.g. `BadRequestException`.
    package var code: String
    package var message: String

    package init(status: Int, code: String, message: String) {
        self.status = status
        self.code = code
        self.message = message
    }

    package var description: String { "\(status) \(code): \(message)" }
}

extension APIError {
    package static func badRequest(_ message: String) -> APIError {
        APIError(status: 400, code: "BadRequestException", message: message)
    }

    /// A body that is not acceptable JSON.
    package static func malformed(_ fault: JSONFault) -> APIError {
        badRequest("Malformed JSON: \(fault)")
    }

    package static func forbidden(_ message: String) -> APIError {
        APIError(status: 403, code: "ForbiddenException", message: message)
    }

    package static func notFound(_ message: String) -> APIError {
        APIError(status: 404, code: "NotFoundException", message: message)
    }

    /// Pinpoint's own text for an app that does not exist or belongs to somebody else.
    package static let applicationNotFound = notFound("Application not found")
    /// Pinpoint's own text for a missing channel; ours for every other missing resource.
    package static let resourceNotFound = notFound("Resource not found")

    package static let methodNotAllowed = APIError(
        status: 405, code: "MethodNotAllowedException", message: "Method not allowed"
    )

    package static func conflict(_ message: String) -> APIError {
        APIError(status: 409, code: "ConflictException", message: message)
    }

    package static func payloadTooLarge(_ message: String) -> APIError {
        APIError(status: 413, code: "PayloadTooLargeException", message: message)
    }

    package static func unsupportedMediaType(_ message: String) -> APIError {
        APIError(status: 415, code: "UnsupportedMediaTypeException", message: message)
    }

    /// The SDKs retry this code by themselves.
    package static func tooManyRequests(_ message: String) -> APIError {
        APIError(status: 429, code: "TooManyRequestsException", message: message)
    }

    /// Says nothing about the cause: that is in the log, under the request id.
    package static let internalError = APIError(
        status: 500, code: "InternalServerErrorException", message: "An internal error occurred"
    )

    /// An operation of the model that this version does not have.
    package static func notImplemented(_ operation: String) -> APIError {
        APIError(status: 501, code: "NotImplementedException", message: "\(operation) is not implemented")
    }

    /// The process is draining, or a dependency is away; the SDKs retry.
    package static func unavailable(_ message: String) -> APIError {
        APIError(status: 503, code: "ServiceUnavailableException", message: message)
    }
}

/// Authentication, with AWS's codes and 403 for all of them (reference/pinpoint-api.md §1.1).
extension APIError {
    package static let missingAuthenticationToken = APIError(
        status: 403, code: "MissingAuthenticationTokenException", message: "Missing Authentication Token"
    )
    package static let unrecognizedClient = APIError(
        status: 403, code: "UnrecognizedClientException",
        message: "The security token included in the request is invalid."
    )

    package static func incompleteSignature(_ message: String) -> APIError {
        APIError(status: 403, code: "IncompleteSignatureException", message: message)
    }

    package static func invalidSignature(_ message: String) -> APIError {
        APIError(status: 403, code: "InvalidSignatureException", message: message)
    }

    package static func expiredToken(_ message: String) -> APIError {
        APIError(status: 403, code: "ExpiredTokenException", message: message)
    }

    package static func accessDenied(_ message: String) -> APIError {
        APIError(status: 403, code: "AccessDeniedException", message: message)
    }
}

extension APIError {
    /// Body `{"Message","RequestID"}`, the code in the header that every SDK reads first, and CORS for browsers.
    package func response(requestID: String) -> HTTPResponse {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("Message")
        writer.string(message)
        writer.key("RequestID")
        writer.string(requestID)
        writer.endObject()
        var response = HTTPResponse.json(writer.bytes, status: status)
        response.headers["x-amzn-ErrorType"] = code
        response.headers["x-amzn-RequestId"] = requestID
        response.headers["Access-Control-Allow-Origin"] = "*"
        return response
    }
}
