package import HTTPServer

/// Browsers call the API directly (Amplify), signed by header and never by cookie, so that any origin may.
package enum CrossOrigin {
    private static let allowedMethods = "GET, HEAD, POST, PUT, DELETE, OPTIONS"
    private static let exposed = "x-amzn-RequestId, x-amzn-ErrorType, Date"

    /// What the browser wants to ask; a bare OPTIONS asks about GET.
    static func requestedMethod(_ request: HTTPRequest) -> String {
        request.headers["access-control-request-method"].map { String($0) } ?? "GET"
    }

    /// The answer to a preflight. `*` does not cover `Authorization`, so the fields asked for are repeated.
    package static func preflight(_ request: HTTPRequest) -> HTTPResponse {
        var response = HTTPResponse.empty(status: 204)
        response.headers["Access-Control-Allow-Origin"] = "*"
        response.headers["Access-Control-Allow-Methods"] = allowedMethods
        response.headers["Access-Control-Allow-Headers"] =
            request.headers["access-control-request-headers"].map { String($0.prefix(1024)) }
            ?? "Authorization, Content-Type, X-Amz-Date, X-Amz-Security-Token, X-Amz-User-Agent"
        response.headers["Access-Control-Max-Age"] = "7200"
        response.headers["Vary"] = "Access-Control-Request-Headers"
        return response
    }

    static func mark(_ response: inout HTTPResponse) {
        response.headers["Access-Control-Allow-Origin"] = "*"
        response.headers["Access-Control-Expose-Headers"] = exposed
    }
}
