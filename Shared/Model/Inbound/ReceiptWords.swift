import Core

/// A receipt in the words of the event log: Pinpoint's where it has them (`_email.*`, `_SMS.*`), and ours for voice and the rest.
package struct ReceiptWords: Sendable, Equatable {
    /// Of the event; nil: it is worth no event, because accepting the message has said as much.
    package let type: String?
    /// Of `_SMS.*`: `record_status` when the provider's words have none.
    let recordStatus: String?

    package init(_ kind: Receipt.Kind, channel: String) {
        switch channel {
        case "EMAIL": (type, recordStatus) = (Self.email(kind), nil)
        case "SMS": (type, recordStatus) = Self.sms(kind)
        case _: (type, recordStatus) = ("_\(channel).\(kind.rawValue)", nil)
        }
    }

    private static func email(_ kind: Receipt.Kind) -> String? {
        switch kind {
        case .sent, .buffered, .optIn, .answered, .busy, .noAnswer, .keyPress: nil
        case .delivered: "_email.delivered"
        case .softBounce, .expired: "_email.softbounce"
        case .hardBounce: "_email.hardbounce"
        case .rejected: "_email.rejected"
        case .complaint: "_email.complaint"
        case .optOut: "_email.unsubscribe"
        case .open, .read: "_email.open"
        case .click: "_email.click"
        }
    }

    private static func sms(_ kind: Receipt.Kind) -> (String?, String?) {
        switch kind {
        case .sent: ("_SMS.BUFFERED", "SUCCESSFUL")
        case .buffered: ("_SMS.BUFFERED", "PENDING")
        case .delivered: ("_SMS.SUCCESS", "DELIVERED")
        case .softBounce: ("_SMS.FAILURE", "UNREACHABLE")
        case .hardBounce: ("_SMS.FAILURE", "INVALID")
        case .rejected: ("_SMS.FAILURE", "BLOCKED")
        case .expired: ("_SMS.FAILURE", "TTL_EXPIRED")
        case .complaint: ("_SMS.FAILURE", "SPAM")
        case .optOut: ("_SMS.OPTOUT", "OPTED_OUT")
        case .optIn, .answered, .busy, .noAnswer, .keyPress: (nil, nil)
        case .open, .click, .read: ("_SMS.\(kind.rawValue)", nil)
        }
    }

    /// Whether campaigns of the filter type SYSTEM may start by it. Of an e-mail's delivery they were told when the server took the
    /// message (`ServiceEvents`); a second telling would start them twice.
    var startsCampaigns: Bool { type != nil && type != "_email.delivered" }

    /// What a person did with the message, counted once per run and person besides.
    static func engagement(_ kind: Receipt.Kind, channel: String) -> Engagement.Kind? {
        guard channel == "EMAIL" else { return nil }
        return switch kind {
        case .open, .read: .open
        case .click: .click
        case .optOut: .unsubscribe
        case .complaint: .complaint
        case .sent, .buffered, .delivered, .softBounce, .hardBounce, .rejected, .expired, .optIn, .answered, .busy,
            .noAnswer, .keyPress:
            nil
        }
    }

    /// Members of an event's attributes are strings (pinpoint-api §6). `messageID`: the provider's.
    func attributes(_ receipt: Receipt, run: RunID?, campaign: CampaignID?, treatment: Int16?) -> JSONObject {
        var attributes: JSONObject = [:]
        for (name, value) in receipt.attributes.sorted(by: { $0.key < $1.key }).prefix(Self.attributesLimit) {
            attributes[String(name.prefix(EventRules.nameCharacters))] = .string(
                String(value.prefix(EventRules.valueCharacters)))
        }
        attributes["campaign_id"] = campaign.map { .string($0.description) }
        attributes["campaign_activity_id"] = run.map { .string($0.description) }
        attributes["treatment_id"] = treatment.map { .string(String($0)) }
        if receipt.channel == "EMAIL" {
            attributes["feedback"] = type.map { .string(Self.feedback($0, receipt)) }
        } else {
            attributes["message_id"] = receipt.providerReference.map {
                .string(String($0.prefix(EventRules.valueCharacters)))
            }
            if receipt.channel == "SMS" {
                attributes["destination_phone_number"] = receipt.address.map {
                    .string(String($0.prefix(EventRules.valueCharacters)))
                }
                if attributes["record_status"] == nil { attributes["record_status"] = recordStatus.map { .string($0) } }
            }
        }
        return attributes
    }

    /// Room for those that are ours.
    private static let attributesLimit = EventRules.keysPerEvent - 8

    /// The clicked URL for a click, else the word for what happened.
    private static func feedback(_ type: String, _ receipt: Receipt) -> String {
        switch receipt.kind {
        case .open, .read: "opened"
        case .click: String((receipt.attributes["link"] ?? "clicked").prefix(EventRules.valueCharacters))
        case _: String(type.dropFirst("_email.".count))
        }
    }
}
