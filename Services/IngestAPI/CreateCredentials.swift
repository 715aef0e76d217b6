import Access
import Core
import HTTPServer
import Hosting
import PinpointAPI

/// Swaps a write key for temporary credentials, so that an SDK that signs can be used where only a publishable key may stand.
enum CreateCredentials {
    static let bodyLimitBytes = 4 << 10

    /// Body: none, or `{"DurationSeconds": 900…43200}`. Nothing is stored: the answer's session token is all there is.
    static func run(_ call: RequestContext) async throws -> HTTPResponse {
        _ = try await call.app()
        let environment = call.context.environment
        let seconds = try duration(call)
        guard let caller = call.caller,
            let credentials = TemporaryCredentials.issue(to: caller, seconds: seconds, environment: environment)
        else { throw APIError.internalError }
        let token = try credentials.sessionToken(call.context.masterKey, issuedAt: environment.realNow())
        let answer: JSON = [
            "AccessKeyId": .string(credentials.accessKeyID), "SecretAccessKey": .string(credentials.secret),
            "SessionToken": .string(token), "Expiration": .string(credentials.expires.description),
        ]
        var response = HTTPResponse.json(answer.serialized)
        response.headers["Cache-Control"] = "no-store"
        return response
    }

    private static func duration(_ call: RequestContext) throws(APIError) -> Int {
        guard !call.request.body.isEmpty else { return TemporaryCredentials.defaultSeconds }
        guard case .object(let object) = try call.json() else { throw WirePath.root.refusal("must be a JSON object") }
        if let other = object.keys.first(where: { $0 != "DurationSeconds" }) {
            throw WirePath.root.member(other).refusal("is not known")
        }
        guard let value = object["DurationSeconds"], value != .null else { return TemporaryCredentials.defaultSeconds }
        let allowed = TemporaryCredentials.allowedSeconds
        guard case .integer(let seconds) = value, allowed.contains(Int(clamping: seconds)) else {
            throw .badRequest("DurationSeconds must be an integer from \(allowed.lowerBound) to \(allowed.upperBound)")
        }
        return Int(clamping: seconds)
    }
}
