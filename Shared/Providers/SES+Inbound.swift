import Core
import Crypto
import HTTPServer
package import Model

/// What SES says through SNS: feedback notifications (`notificationType`), events of a configuration set (`eventType`), and mail that
/// it received for us (https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html).
package struct SESInbound: InboundProvider {
    static let tag = "reference"

    private let receiver: SNSReceiver
    private let references: SendReferences?

    package init(receiver: SNSReceiver, references: SendReferences?) {
        self.receiver = receiver
        self.references = references
    }

    package func verify(_ call: InboundCall) async throws(InboundRefusal) {
        try await receiver.verify(call)
    }

    package func events(in call: InboundCall) throws(InboundRefusal) -> [InboundEvent] {
        let envelope = try SNSEnvelope(call.body)
        // The first message after subscribing is plain text.
        guard envelope.kind == .notification, envelope.message.hasPrefix("{") else { return [] }
        let message: JSON
        do throws(JSONFault) {
            message = try JSON.parse(envelope.message)
        } catch {
            throw .unreadable("the SNS message holds no JSON: \(error)")
        }
        let type = message["eventType"]?.string ?? message["notificationType"]?.string ?? ""
        if type == "Received" { return try received(message, at: call.receivedAt) }
        let mail = SESMail(message["mail"], key: envelope.messageID)
        return Self.receipts(type, message, mail).map { .receipt($0) }
    }

    private static func receipts(_ type: String, _ message: JSON, _ mail: SESMail) -> [Receipt] {
        switch type {
        case "Bounce": return bounces(message["bounce"], mail)
        case "Complaint":
            let complaint = message["complaint"]
            // Somebody said that it was no spam after all.
            if complaint?["complaintFeedbackType"]?.string == "not-spam" { return [] }
            return (complaint?["complainedRecipients"]?.array ?? []).map { person in
                mail.receipt(
                    .complaint, person["emailAddress"]?.string, at: complaint?["timestamp"],
                    detail: complaint?["complaintFeedbackType"]?.string)
            }
        case "Delivery":
            let delivery = message["delivery"]
            return (delivery?["recipients"]?.array ?? []).map {
                mail.receipt(
                    .delivered, $0.string, at: delivery?["timestamp"], detail: delivery?["smtpResponse"]?.string)
            }
        case "DeliveryDelay":
            let delay = message["deliveryDelay"]
            return (delay?["delayedRecipients"]?.array ?? []).map { person in
                mail.receipt(
                    .buffered, person["emailAddress"]?.string, at: delay?["timestamp"],
                    detail: person["diagnosticCode"]?.string ?? delay?["delayType"]?.string)
            }
        case "Send": return mail.destinations.map { mail.receipt(.sent, $0) }
        case "Reject":
            return mail.destinations.map { mail.receipt(.rejected, $0, detail: message["reject"]?["reason"]?.string) }
        case "Rendering Failure":
            return mail.destinations.map {
                mail.receipt(.rejected, $0, detail: message["failure"]?["errorMessage"]?.string)
            }
        case "Open", "Click":
            let event = message[type.lowercased()]
            return mail.destinations.prefix(1).map { address in
                var receipt = mail.receipt(type == "Open" ? .open : .click, address, at: event?["timestamp"])
                receipt.attributes["user_agent"] = event?["userAgent"]?.string
                receipt.attributes["link"] = event?["link"]?.string
                return receipt
            }
        case "Subscription":
            guard message["subscription"]?["newTopicPreferences"]?["unsubscribeAll"]?.bool == true else { return [] }
            return mail.destinations.map { mail.receipt(.optOut, $0) }
        case _: return []
        }
    }

    /// SES tries soft bounces itself: what it reports is final for the message.
    private static func bounces(_ bounce: JSON?, _ mail: SESMail) -> [Receipt] {
        let (type, subtype) = (bounce?["bounceType"]?.string ?? "", bounce?["bounceSubType"]?.string ?? "")
        let kind: Receipt.Kind =
            switch (type, subtype) {
            case ("Permanent", _): .hardBounce
            case ("Transient", "MessageTooLarge"), ("Transient", "ContentRejected"),
                ("Transient", "AttachmentRejected"):
                .rejected
            case _: .softBounce
            }
        return (bounce?["bouncedRecipients"]?.array ?? []).map { person in
            var receipt = mail.receipt(
                kind, person["emailAddress"]?.string, at: bounce?["timestamp"],
                detail: person["diagnosticCode"]?.string ?? "\(type) \(subtype)")
            receipt.attributes["bounce_type"] = type
            receipt.attributes["bounce_subtype"] = subtype
            receipt.attributes["status"] = person["status"]?.string
            return receipt
        }
    }

    /// The raw message stands in `content`, up to 150 KB; larger ones SES keeps in S3, which we do not read.
    private func received(_ message: JSON, at now: Instant) throws(InboundRefusal) -> [InboundEvent] {
        guard let references else { throw .unreadable("this process reads no mail") }
        let receipt = message["receipt"]
        guard let content = message["content"]?.string else {
            throw .unreadable("the received mail is not in the notification: use the SNS action of SES's receipt rule")
        }
        let isEncoded = receipt?["action"]?["encoding"]?.string?.uppercased() == "BASE64"
        guard let raw = isEncoded ? Base64.decode(content.filter { !$0.isWhitespace }) : Array(content.utf8) else {
            throw .unreadable("the received mail is not base64")
        }
        return InboundMail.events(
            raw: raw, mailFrom: message["mail"]?["source"]?.string,
            rcptTo: receipt?["recipients"]?.array?.compactMap(\.string) ?? [], references: references, at: now)
    }
}

/// The object `mail` of every notification.
private struct SESMail {
    let messageID: String?
    let reference: String?
    let destinations: [String]
    let key: String

    init(_ mail: JSON?, key: String) {
        messageID = mail?["messageId"]?.string
        // Without "include original headers" only events of a configuration set carry anything of ours.
        reference =
            mail?["tags"]?[SESInbound.tag]?.array?.first?.string
            ?? mail?["headers"]?.array?.first { $0["name"]?.string?.lowercased() == "x-needletail-reference" }?[
                "value"]?
            .string
        destinations = mail?["destination"]?.array?.compactMap(\.string) ?? []
        self.key = key
    }

    func receipt(
        _ kind: Receipt.Kind, _ address: String?, at time: JSON? = nil, detail: String? = nil
    ) -> Receipt {
        Receipt(
            kind, channel: "EMAIL", key: "\(key) \(address ?? "")", reference: reference, providerReference: messageID,
            address: address, at: time?.string.flatMap { ISO8601.parse($0) }, detail: detail.map(SendOutcome.detail))
    }
}
