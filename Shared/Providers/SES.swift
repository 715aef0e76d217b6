package import Core
import Crypto
package import HTTPClient

/// Amazon SES v2, `SendEmail` with the message as it was composed (https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html).
///
/// SES writes a Message-ID of its own, which the answer names; the tag `reference` and our header come back in its events. Open and
/// click tracking of SES belongs to the configuration set: leave it off there.
package struct SES: HTTPProvider {
    package static let kind = ProviderKind(
        "ses",
        channels: ["EMAIL"],
        settings: AWSService.fields.settings + [.init("ConfigurationSet")] + SNSReceiver.settings,
        secrets: AWSService.fields.secrets,
        email: { setup, tools in
            .http(try SES(setup, tools), client: tools.client, environment: tools.environment)
        },
        inbound: { setup, tools in SESInbound(receiver: try SNSReceiver(setup, tools), references: tools.references) })

    package let name = "ses"
    private let service: AWSService
    private let configurationSet: String?

    package init(_ setup: ProviderSetup, _ tools: ProviderTools) throws(Fault) {
        service = try AWSService("ses", endpoint: "email", setup, tools)
        configurationSet = setup.text("ConfigurationSet")
    }

    package func request(for message: OutgoingEmail, at now: Instant) throws(Refusal) -> ClientRequest {
        var writer = JSONWriter(capacity: message.content.count * 4 / 3 + 1024)
        writer.beginObject()
        writer.key("FromEmailAddress")
        writer.string(message.parts.from.address.rawValue)
        writer.key("Destination")
        writer.value(["ToAddresses": [.string(message.recipient.rawValue)]])
        writer.key("Content")
        writer.beginObject()
        writer.key("Raw")
        writer.beginObject()
        writer.key("Data")
        writer.string(Base64.encode(message.content))
        writer.endObject()
        writer.endObject()
        writer.key("EmailTags")
        writer.value([["Name": .string(SESInbound.tag), "Value": .string(message.token)]])
        if let configurationSet {
            writer.key("ConfigurationSetName")
            writer.string(configurationSet)
        }
        writer.endObject()
        return service.request("POST", "/v2/email/outbound-emails", body: writer.bytes, at: now)
    }

    package func outcome(of response: ClientResponse, to message: OutgoingEmail, at now: Instant) -> SendOutcome {
        if response.status == 200 {
            let id = (try? JSON.parse(response.body))?["MessageId"]?.string ?? ""
            return .accepted(providerReference: String(decoding: id.utf8.prefix(255), as: UTF8.self))
        }
        let error = AWSError(response)
        let detail = SendOutcome.detail("\(response.status) \(error.detail)")
        if error.isRefusal { return .notSent(.authentication, detail: detail) }
        if error.isThrottle { return .retry(after: .seconds(1), isThrottle: true, detail: detail) }
        if response.status >= 500 { return .retry(after: .zero, isThrottle: false, detail: detail) }
        return Self.refusal(error, detail)
            ?? SendOutcome(status: response.status, retryAfter: nil, detail: error.detail)
    }

    /// The quota of a day refills continuously over 24 hours: some of it is there again soon.
    private static let quotaPause: Duration = .seconds(300)

    private static func refusal(_ error: AWSError, _ detail: String) -> SendOutcome? {
        let words = error.message.lowercased()
        switch error.name {
        case "LimitExceededException": return .retry(after: quotaPause, isThrottle: true, detail: detail)
        case "MailFromDomainNotVerifiedException", "AccountSuspendedException", "SendingPausedException",
            "NotFoundException":
            return .rejected(.configuration, detail: detail, isAddressDead: false)
        case "MessageRejected":
            return .rejected(
                words.contains("not verified") ? .configuration : .content, detail: detail, isAddressDead: false)
        case "BadRequestException":
            let isAddress =
                words.contains("illegal address") || words.contains("missing final '@domain'")
                || words.contains("invalid") && words.contains("address")
            return .rejected(isAddress ? .address : .content, detail: detail, isAddressDead: isAddress)
        case _: return nil
        }
    }
}

extension SendOutcome {
    /// At most 1 KiB of a provider's words.
    static func detail(_ text: String) -> String {
        text.utf8.count <= detailLimitBytes ? text : String(decoding: text.utf8.prefix(detailLimitBytes), as: UTF8.self)
    }
}
