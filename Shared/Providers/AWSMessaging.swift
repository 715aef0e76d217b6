package import Core
package import HTTPClient

/// Texts and pictures through AWS End User Messaging, successor of Pinpoint's own SMS
/// (https://docs.aws.amazon.com/pinpoint/latest/apireference_smsvoicev2/API_SendTextMessage.html). Its events are read in
/// `Inbound/AWSMessagingInbound.swift`.
package struct AWSMessaging: HTTPProvider {
    static let kind = ProviderKind(
        "aws-messaging",
        channels: ["SMS"],
        settings: AWSEndUserMessaging.settings + AWSMessagingInbound.settings,
        secrets: AWSEndUserMessaging.secrets,
        sms: { setup, tools in
            .http(
                try AWSMessaging(setup, tools), client: tools.client, environment: tools.environment,
                timeout: setup.timeout)
        },
        inbound: { setup, tools in try AWSMessagingInbound(setup, tools) })

    private static let bodyCharacters = 1600

    package let name = "aws-messaging"
    private let api: AWSEndUserMessaging

    package init(_ setup: ProviderSetup, _ tools: ProviderTools) throws(Fault) {
        api = try AWSEndUserMessaging(setup, tools, price: "MaxPrice")
    }

    package func request(for message: OutgoingSMS, at now: Instant) throws(Refusal) -> ClientRequest {
        guard message.body.unicodeScalars.count <= Self.bodyCharacters else {
            throw Refusal(.content, "aws: a text has at most \(Self.bodyCharacters) characters")
        }
        var members: JSONObject = ["DestinationPhoneNumber": .string(message.to)]
        members["OriginationIdentity"] = (message.from ?? api.identity).map { .string($0) }
        if !message.body.isEmpty { members["MessageBody"] = .string(message.body) }
        guard message.mediaURLs.isEmpty else { return try media(message, members, at: now) }
        guard !message.body.isEmpty else { throw Refusal(.content, "aws: the text is empty") }
        members["MessageType"] = .string(message.messageType)
        var country: JSONObject = [:]
        country["IN_ENTITY_ID"] = message.entityID.map { .string($0) }
        country["IN_TEMPLATE_ID"] = message.templateID.map { .string($0) }
        if !country.isEmpty { members["DestinationCountryParameters"] = .object(country) }
        return api.request("SendTextMessage", members, token: message.token, at: now)
    }

    /// The service fetches one picture, and from S3 only.
    private func media(
        _ message: OutgoingSMS, _ members: JSONObject, at now: Instant
    ) throws(Refusal) -> ClientRequest {
        guard message.mediaURLs.count == 1, message.mediaURLs[0].hasPrefix("s3://") else {
            throw Refusal(.content, "aws: MediaUrl must be one object in S3, as s3://bucket/key")
        }
        guard members["OriginationIdentity"] != nil else {
            throw Refusal(.configuration, "aws: a picture needs an OriginationIdentity")
        }
        var members = members
        members["MediaUrls"] = [.string(message.mediaURLs[0])]
        return api.request("SendMediaMessage", members, token: message.token, at: now)
    }

    package func outcome(of response: ClientResponse, to message: OutgoingSMS, at now: Instant) -> SendOutcome {
        api.outcome(of: response, at: now)
    }
}
