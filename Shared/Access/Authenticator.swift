package import Core
import Crypto
package import HTTPServer
import Model
package import PinpointAPI
import Postgres

/// Finds out who makes a request: AWS SigV4 (header or presigned URL), an API key as bearer token, or another process.
package final class Authenticator: Sendable {
    /// The field that carries the token of calls between processes; the gateway strips it from outside requests.
    package static let serviceHeader = "X-Needletail-Service"

    private let keys: AccessKeyCache
    private let environment: Environment
    private let account: String
    private let region: String
    private let serviceToken: String?

    /// `region` is the caller's where no signature names one. Without `serviceToken`, internal routes refuse everyone.
    package init(
        keys: AccessKeyCache, environment: Environment, account: String, region: String, serviceToken: String?
    ) {
        self.keys = keys
        self.environment = environment
        self.account = account
        self.region = region
        self.serviceToken = serviceToken
    }

    /// Throws a 403 as `AccessRefusal` words it; 500 when the database cannot be asked (the reason is in the log).
    package func authenticate(_ request: HTTPRequest) async throws(APIError) -> Caller {
        if let claim = try SigV4.Claim.read(request, now: environment.realNow()) {
            return try await authenticate(claim, request)
        }
        guard let authorization = request.headers["authorization"] else { throw AccessRefusal.missingToken }
        let words = authorization.split(separator: " ")
        guard words.count == 2, words[0].lowercased() == "bearer" else {
            throw AccessRefusal.incomplete(
                "Authorization must be an AWS4-HMAC-SHA256 signature or 'Bearer' and an API key.")
        }
        return try await authenticate(bearer: String(words[1]))
    }

    /// For routes between processes: the token of `X-Needletail-Service`.
    package func authenticateService(_ request: HTTPRequest) throws(APIError) -> Caller {
        guard let serviceToken, let given = request.headers[Self.serviceHeader], constantTimeEquals(given, serviceToken)
        else {
            throw AccessRefusal.notAService
        }
        return Caller(account: account, keyID: "", region: region, kind: .service)
    }

    private func authenticate(_ claim: SigV4.Claim, _ request: HTTPRequest) async throws(APIError) -> Caller {
        let verifier = try await find(claim.keyID).flatMap { $0.kind == .signing ? $0 : nil }
        let signingKey: [UInt8]
        do {
            signingKey = try keys.signingKey(for: claim, verifier)
        } catch {
            environment.log.error("access.secret_unreadable", error, ["key": .string(claim.keyID)])
            throw .internalError
        }
        do {
            try SigV4.verify(claim, of: request, signingKey: signingKey)
        } catch {
            throw verifier == nil ? AccessRefusal.unknownKey : error
        }
        // A signature under the empty secret is right for the dummy key, and still nobody's.
        guard let verifier else { throw AccessRefusal.unknownKey }
        return Caller(account: verifier.account, keyID: claim.keyID, region: claim.region, kind: .signature)
    }

    private func authenticate(bearer token: String) async throws(APIError) -> Caller {
        guard let key = APIKey(token) else { throw AccessRefusal.unknownKey }
        let verifier = try await find(key.id)
        guard let verifier, verifier.kind == .api, let hash = verifier.hash, constantTimeEquals(hash, key.hash) else {
            throw AccessRefusal.unknownKey
        }
        return Caller(account: verifier.account, keyID: key.id, region: region, kind: .apiKey)
    }

    private func find(_ id: String) async throws(APIError) -> AccessKeyStore.Verifier? {
        do {
            return try await keys.find(id)
        } catch {
            environment.log.error("access.lookup_failed", error)
            // The SDKs repeat it by themselves, as every other request that finds the database away.
            throw Self.isTemporary(error) ? .unavailable("The key could not be looked up; try again") : .internalError
        }
    }

    private static func isTemporary(_ error: any Error) -> Bool {
        switch error {
        case let fault as SQLFault: fault.isRetryable
        case let fault as Fault: fault.code == .unavailable || fault.code == .timeout
        default: error is CancellationError
        }
    }
}
