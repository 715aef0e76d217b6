import Core
import Crypto
import HTTPClient
import Model

/// Firebase Cloud Messaging, HTTP v1 (https://firebase.google.com/docs/reference/fcm/rest/v1/projects.messages/send): one HTTP/2
/// stream per message, under an access token of the project's service account.
struct FCM: HTTPProvider {
    static let kind = ProviderKind(
        "fcm", channels: ["GCM"],
        secrets: [
            .init(
                "ServiceJson",
                check: { (try? GoogleServiceAccount($0)) == nil ? "must be a service account's JSON key" : nil })
        ],
        push: { setup, tools in
            .http(try FCM(setup), client: tools.client, environment: tools.environment, timeout: setup.timeout)
        })

    let name: String
    private let url: String
    private let tokens: AccessTokens
    private let accepted = AcceptedBefore()

    init(_ setup: ProviderSetup) throws {
        name = setup.provider.name
        if setup.text("ServiceJson") == nil, setup.text("ApiKey") != nil {
            throw Fault(
                .configuration,
                "channel GCM has only a legacy ApiKey, which Google takes no more since 2024: set ServiceJson to a service account's key"
            )
        }
        let account = try GoogleServiceAccount(setup.required("ServiceJson"))
        url = "\(setup.url(or: "https://fcm.googleapis.com"))/v1/projects/\(account.project)/messages:send"
        tokens = account.tokens(for: "https://www.googleapis.com/auth/firebase.messaging")
    }

    func prepare(with client: OutboundClient, at now: Instant) async throws(Refusal) {
        _ = try await tokens.token(with: client, at: now)
    }

    /// The payload is a message without its token.
    func request(for message: OutgoingPush, at now: Instant) throws(Refusal) -> ClientRequest {
        guard (1...4096).contains(message.address.utf8.count) else {
            throw Refusal(.address, "the registration token is longer than 4096 bytes", isAddressDead: true)
        }
        var writer = JSONWriter(capacity: message.payload.count + message.address.utf8.count + 40)
        writer.beginObject()
        writer.key("message")
        writer.beginObject()
        writer.key("token")
        writer.string(message.address)
        let members = message.payload.dropFirst().dropLast()
        if !members.isEmpty { writer.raw(members) }
        writer.endObject()
        writer.endObject()
        return ClientRequest(
            method: "POST", url: url,
            headers: [("authorization", "Bearer \(tokens.current)"), ("content-type", "application/json")],
            body: writer.bytes)
    }

    // MARK: Answers

    func again(
        _ request: ClientRequest, after response: ClientResponse, for message: OutgoingPush,
        with client: OutboundClient, at now: Instant
    ) async throws(Refusal) -> ClientRequest? {
        guard response.status == 401, FCMError(response)?.code != "THIRD_PARTY_AUTH_ERROR" else { return nil }
        var again = request
        let refused = request.headers[0].value.dropFirst("Bearer ".count)
        again.headers[0].value = "Bearer \(try await tokens.token(insteadOf: String(refused), with: client, at: now))"
        return again
    }

    func outcome(of response: ClientResponse, to message: OutgoingPush, at now: Instant) -> SendOutcome {
        if response.status == 200 {
            accepted.note()
            let name = (try? JSON.parse(response.body))?["name"]?.string ?? ""
            return .accepted(providerReference: String(name.prefix(255)))
        }
        let retryAfter = response.retryAfter(at: now)
        guard let error = FCMError(response) else {
            return SendOutcome(status: response.status, retryAfter: retryAfter, detail: "")
        }
        let detail = "\(response.status) \(error.code)"
        switch error.code {
        case "UNREGISTERED": return .rejected(.address, detail: detail, isAddressDead: true)
        case "SENDER_ID_MISMATCH": return .rejected(.address, detail: detail, isAddressDead: accepted.contains())
        case "INVALID_ARGUMENT" where error.isAboutToken:
            return .rejected(.address, detail: detail, isAddressDead: true)
        case "INVALID_ARGUMENT":
            return .rejected(.content, detail: "\(detail) \(error.fields.joined(separator: " "))", isAddressDead: false)
        // The project's quota is by the minute; a device's may take longer and says so.
        case "QUOTA_EXCEEDED", "RESOURCE_EXHAUSTED":
            return .retry(after: retryAfter ?? .seconds(60), isThrottle: true, detail: detail)
        case "UNAVAILABLE": return .retry(after: retryAfter ?? .seconds(10), isThrottle: false, detail: detail)
        // Of APNs or a browser behind Firebase: the project lacks their key.
        case "THIRD_PARTY_AUTH_ERROR": return .rejected(.configuration, detail: detail, isAddressDead: false)
        // No UNREGISTERED in it: the project does not exist.
        case "NOT_FOUND": return .rejected(.configuration, detail: detail, isAddressDead: false)
        case _: return SendOutcome(status: response.status, retryAfter: retryAfter, detail: error.code)
        }
    }
}

/// What Google's APIs answer in place of success (https://google.aip.dev/193), with Firebase's own word where there is one.
struct FCMError {
    /// `UNREGISTERED`; else the status, `NOT_FOUND`.
    let code: String
    /// Paths of the fields that are wrong.
    let fields: [String]
    let isAboutToken: Bool

    init?(_ response: ClientResponse) {
        guard let error = (try? JSON.parse(response.body))?["error"] else { return nil }
        let details = error["details"]?.array ?? []
        let own = details.lazy.compactMap { $0["errorCode"]?.string }.first
        guard let word = own ?? error["status"]?.string else { return nil }
        code = String(word.prefix(64))
        let violations = details.compactMap { $0["fieldViolations"]?.array }.joined()
        fields = violations.compactMap { $0["field"]?.string }.prefix(5).map { String($0.prefix(64)) }
        let isNamed = own != nil && error["message"]?.string?.lowercased().contains("registration token") == true
        isAboutToken = isNamed || fields.contains("message.token")
    }
}
