import Core
import Crypto
import HTTPClient
import Model

/// Amazon Device Messaging (https://developer.amazon.com/docs/adm/send-message.html), for Fire devices.
struct ADM: HTTPProvider {
    static let kind = ProviderKind(
        "adm", channels: ["ADM"], settings: [.init("ClientId")], secrets: [.init("ClientSecret")],
        push: { setup, tools in
            .http(try ADM(setup), client: tools.client, environment: tools.environment, timeout: setup.timeout)
        })

    let name: String
    private let base: String
    private let tokens: AccessTokens

    init(_ setup: ProviderSetup) throws {
        name = setup.provider.name
        let base = setup.url(or: "https://api.amazon.com")
        self.base = base
        let form = FormFields([
            ("grant_type", "client_credentials"), ("scope", "messaging:push"),
            ("client_id", try setup.required("ClientId")), ("client_secret", try setup.required("ClientSecret")),
        ])
        tokens = AccessTokens("Amazon") { _ in
            ClientRequest(
                method: "POST", url: "\(base)/auth/O2/token", headers: [FormFields.contentType], body: form.body,
                isRepeatable: true)
        }
    }

    func prepare(with client: OutboundClient, at now: Instant) async throws(Refusal) {
        _ = try await tokens.token(with: client, at: now)
    }

    func request(for message: OutgoingPush, at now: Instant) throws(Refusal) -> ClientRequest {
        // Amazon's ids have up to 1536 characters.
        guard (1...2000).contains(message.address.utf8.count) else {
            throw Refusal(.address, "the registration id is longer than 2000 bytes", isAddressDead: true)
        }
        return ClientRequest(
            method: "POST",
            url: "\(base)/messaging/registrations/\(FormFields.encode(message.address))/messages",
            headers: [
                ("authorization", "Bearer \(tokens.current)"), ("content-type", "application/json"),
                ("accept", "application/json"),
                ("x-amzn-type-version", "com.amazon.device.messaging.ADMMessage@1.0"),
                ("x-amzn-accept-type", "com.amazon.device.messaging.ADMSendResult@1.0"),
            ],
            body: Self.checked(message.payload))
    }

    /// With the checksum of its data, unless its author gave one.
    private static func checked(_ payload: [UInt8]) -> [UInt8] {
        guard var object = (try? JSON.parse(payload))?.object, object["md5"] == nil,
            let data = object["data"]?.object
        else { return payload }
        object["md5"] = .string(checksum(of: data))
        return JSON.object(object).serialized
    }

    /// MD5 over `key:value` pairs in the order of their keys' bytes, joined by commas.
    static func checksum(of data: JSONObject) -> String {
        let pairs = data.members.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }.map { member in
            "\(member.key):\(member.value.string ?? member.value.text)"
        }
        return Base64.encode(MD5.hash(Array(pairs.joined(separator: ",").utf8)))
    }

    // MARK: Answers

    func again(
        _ request: ClientRequest, after response: ClientResponse, for message: OutgoingPush,
        with client: OutboundClient, at now: Instant
    ) async throws(Refusal) -> ClientRequest? {
        guard response.status == 401 else { return nil }
        var again = request
        let refused = request.headers[0].value.dropFirst("Bearer ".count)
        again.headers[0].value = "Bearer \(try await tokens.token(insteadOf: String(refused), with: client, at: now))"
        return again
    }

    func outcome(of response: ClientResponse, to message: OutgoingPush, at now: Instant) -> SendOutcome {
        let body = try? JSON.parse(response.body)
        if response.status == 200 {
            // The device is known by another id from now on.
            if let id = body?["registrationID"]?.string, !id.isEmpty, id != message.address {
                message.addressHasChanged?(id)
            }
            return .accepted(providerReference: String((response.header("x-amzn-RequestId") ?? "").prefix(255)))
        }
        let word = String((body?["reason"]?.string ?? "").prefix(64))
        let detail = "\(response.status) \(word)"
        switch (response.status, word) {
        case (_, "InvalidRegistrationId"), (_, "Unregistered"):
            return .rejected(.address, detail: detail, isAddressDead: true)
        case (_, "MaxRateExceeded"):
            return .retry(after: response.retryAfter(at: now) ?? .seconds(60), isThrottle: true, detail: detail)
        case _: return SendOutcome(status: response.status, retryAfter: response.retryAfter(at: now), detail: word)
        }
    }
}
