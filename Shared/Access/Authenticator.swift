package import Core
import Crypto
package import HTTPServer
import Model
package import PinpointAPI
import Postgres

/// Finds out who makes a request: AWS SigV4 (header or presigned URL; lasting or temporary keys), an API key as bearer token, a
/// publishable write key, or another process. What the caller may do is `AccessPolicy`'s to say.
package final class Authenticator: Sendable {
    /// The field that carries the token of calls between processes; the gateway strips it from outside requests.
    package static let serviceHeader = "X-Needletail-Service"
    /// The field in which a page presents its write key.
    package static let writeKeyHeader = "X-Needletail-Write-Key"
    /// The same in the query, for `navigator.sendBeacon`, which sets no header.
    package static let writeKeyQuery = "write-key"

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
    /// `takesBeacons`: a POST may be signed in its query.
    package func authenticate(_ request: HTTPRequest, takesBeacons: Bool = false) async throws(APIError) -> Caller {
        if let claim = try SigV4.Claim.read(request, now: environment.realNow(), takesBeacons: takesBeacons) {
            return claim.keyID.hasPrefix(TemporaryCredentials.keyPrefix)
                ? try await authenticate(temporary: claim, request) : try await authenticate(claim, request)
        }
        if let authorization = request.headers["authorization"] {
            let words = authorization.split(separator: " ")
            guard words.count == 2, words[0].lowercased() == "bearer" else {
                throw AccessRefusal.incomplete(
                    "Authorization must be an AWS4-HMAC-SHA256 signature or 'Bearer' and an API key.")
            }
            return try await authenticate(token: String(words[1]), request)
        }
        guard let token = request.headers[Self.writeKeyHeader] ?? Self.queryToken(request) else {
            throw AccessRefusal.missingToken
        }
        // An API key is a secret: where it would end in the logs of others it is not even tried.
        guard APIKey(token)?.form == .write else { throw AccessRefusal.unknownKey }
        return try await authenticate(token: token, request)
    }

    /// For routes between processes: the token of `X-Needletail-Service`.
    package func authenticateService(_ request: HTTPRequest) throws(APIError) -> Caller {
        guard let serviceToken, let given = request.headers[Self.serviceHeader], constantTimeEquals(given, serviceToken)
        else {
            throw AccessRefusal.notAService
        }
        return Caller(account: account, keyID: "", region: region, kind: .service, scope: .account)
    }

    // MARK: Signatures

    /// By a lasting key. A session token beside it is left alone: the signature proves enough.
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
        return Caller(
            account: verifier.account, keyID: claim.keyID, region: claim.region, kind: .signature, scope: .account)
    }

    /// By temporary credentials: the token says by itself what the signature must be, and the write key must still be live.
    private func authenticate(
        temporary claim: SigV4.Claim, _ request: HTTPRequest
    ) async throws(APIError) -> Caller {
        guard let token = claim.sessionToken, let credentials = keys.open(sessionToken: token),
            credentials.accessKeyID == claim.keyID
        else { throw AccessRefusal.unknownKey }
        let signingKey = SigV4.signingKey(secret: credentials.secret, day: claim.day, region: claim.region)
        try SigV4.verify(claim, of: request, signingKey: signingKey)
        guard environment.realNow() < credentials.expires else { throw AccessRefusal.expiredCredentials }
        guard let verifier = try await find(credentials.writeKey), verifier.kind == .write,
            verifier.app == credentials.app, verifier.account == credentials.account
        else { throw AccessRefusal.unknownKey }
        try Self.checkOrigin(request, verifier)
        return Caller(
            account: credentials.account, keyID: credentials.writeKey, region: claim.region, kind: .temporary,
            scope: .publishing(credentials.app))
    }

    // MARK: Tokens

    private func authenticate(token: String, _ request: HTTPRequest) async throws(APIError) -> Caller {
        guard let key = APIKey(token) else { throw AccessRefusal.unknownKey }
        let verifier = try await find(key.id)
        guard let verifier, verifier.kind == key.kind, let hash = verifier.hash, constantTimeEquals(hash, key.hash)
        else {
            throw AccessRefusal.unknownKey
        }
        switch key.form {
        case .api:
            return Caller(account: verifier.account, keyID: key.id, region: region, kind: .apiKey, scope: .account)
        case .write:
            guard let app = verifier.app else { throw AccessRefusal.unknownKey }
            try Self.checkOrigin(request, verifier)
            return Caller(
                account: verifier.account, keyID: key.id, region: region, kind: .writeKey, scope: .publishing(app))
        }
    }

    private static func queryToken(_ request: HTTPRequest) -> String? {
        guard request.rawQuery.contains(writeKeyQuery) else { return nil }
        return request.queryItems?.first { $0.name == writeKeyQuery }?.value
    }

    /// Keeps a copied key off other people's pages: a browser tells the page's origin and cannot be made to lie. It leaves the
    /// field out of a GET to its own origin only, so that what writes must have it.
    private static func checkOrigin(_ request: HTTPRequest, _ verifier: AccessKeyStore.Verifier) throws(APIError) {
        guard !verifier.origins.isEmpty else { return }
        guard let origin = request.headers["origin"] else {
            if request.method == "GET" || request.method == "HEAD" { return }
            throw AccessRefusal.wrongOrigin
        }
        guard let origin = WebOrigin.normalized(origin), verifier.origins.contains(origin) else {
            throw AccessRefusal.wrongOrigin
        }
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
