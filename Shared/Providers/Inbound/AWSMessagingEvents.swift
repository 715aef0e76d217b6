import Core
import Model

/// What AWS End User Messaging says of texts, pictures and calls
/// (https://docs.aws.amazon.com/sms-voice/latest/userguide/configuration-sets-event-format.html), and what people write back
/// (https://docs.aws.amazon.com/sms-voice/latest/userguide/two-way-sms-payload.html).
enum AWSMessagingEvents {
    /// `message`: the text of an SNS notification. Empty for what is neither, as the first words after subscribing.
    static func events(in message: String, at receivedAt: Instant) throws(InboundRefusal) -> [InboundEvent] {
        guard message.hasPrefix("{") else { return [] }
        let parsed: JSON
        do throws(JSONFault) {
            parsed = try JSON.parse(message)
        } catch {
            throw .unreadable("the notification holds no JSON: \(error)")
        }
        // EventBridge wraps the same event.
        let event = parsed["detail-type"] == nil ? parsed : parsed["detail"] ?? parsed
        if event["inboundMessageId"] != nil { return [.reply(try reply(event, at: receivedAt))] }
        return receipt(event).map { [.receipt($0)] } ?? []
    }

    private static func reply(_ event: JSON, at receivedAt: Instant) throws(InboundRefusal) -> Reply {
        guard let id = event["inboundMessageId"]?.string, let from = event["originationNumber"]?.string,
            let to = event["destinationNumber"]?.string
        else { throw .unreadable("a message without inboundMessageId, originationNumber or destinationNumber") }
        return Reply(
            key: id, channel: "SMS", from: from, to: to, text: event["messageBody"]?.string ?? "",
            providerReference: event["previousPublishedMessageId"]?.string, at: receivedAt)
    }

    private static func receipt(_ event: JSON) -> Receipt? {
        guard let type = event["eventType"]?.string, let mark = type.firstIndex(of: "_"),
            let kind = kinds[String(type[type.index(after: mark)...])]
        else { return nil }
        let isCall = type.hasPrefix("VOICE_")
        let id = event["messageId"]?.string
        var receipt = Receipt(
            kind, channel: isCall ? "VOICE" : "SMS", key: "\(id ?? ""):\(type)",
            reference: event["context"]?["mid"]?.string, providerReference: id,
            address: event["destinationPhoneNumber"]?.string,
            at: event["eventTimestamp"]?.int.map { Instant(milliseconds: Int64($0)) },
            detail: event["messageStatusDescription"]?.string.map { String($0.prefix(1000)) })
        receipt.attributes["record_status"] = event["messageStatus"]?.string ?? String(type[type.index(after: mark)...])
        for (name, member) in texts { receipt.attributes[name] = event[member]?.string }
        if let mcc = event["mcc"]?.string { receipt.attributes["mcc_mnc"] = mcc + (event["mnc"]?.string ?? "") }
        if let parts = event["totalMessageParts"]?.int {
            receipt.attributes["number_of_message_parts"] = String(parts)
        }
        // In US dollars: 100,000 thousandths of a cent each.
        receipt.metrics["price_in_millicents_usd"] = event["totalMessagePrice"]?.number.map { ($0 * 100_000).rounded() }
        receipt.metrics["carrier_fee_in_millicents_usd"] = event["totalCarrierFee"]?.number.map {
            ($0 * 100_000).rounded()
        }
        return receipt
    }

    private static let texts = [
        ("iso_country_code", "isoCountryCode"), ("message_type", "messageType"), ("carrier_name", "carrierName"),
        ("origination_phone_number", "originationPhoneNumber"),
        ("destination_phone_number", "destinationPhoneNumber"),
    ]

    /// Behind `TEXT_`, `MEDIA_`, `RCS_` and `VOICE_`. `SUCCESSFUL` is the carrier's word, `DELIVERED` the handset's, which may still
    /// follow it.
    private static let kinds: [String: Receipt.Kind] = [
        "QUEUED": .buffered, "PENDING": .buffered, "SENT": .sent, "SUCCESSFUL": .sent, "DELIVERED": .delivered,
        "READ": .read, "INVALID": .hardBounce, "UNREACHABLE": .softBounce, "CARRIER_UNREACHABLE": .softBounce,
        "UNKNOWN": .softBounce, "BLOCKED": .rejected, "CARRIER_BLOCKED": .rejected, "SPAM": .rejected,
        "INVALID_MESSAGE": .rejected, "PROTECT_BLOCKED": .rejected, "TTL_EXPIRED": .expired,
        "FILE_INACCESSIBLE": .rejected, "FILE_TYPE_UNSUPPORTED": .rejected, "FILE_SIZE_EXCEEDED": .rejected,
        "INITIATED": .sent, "RINGING": .sent, "ANSWERED": .answered, "COMPLETED": .delivered, "BUSY": .busy,
        "NO_ANSWER": .noAnswer, "FAILED": .softBounce,
    ]
}
