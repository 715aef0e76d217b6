import Model

/// What rides along in the address that a provider reports a text's fate to, and comes back with every report: whose message it
/// was, and what its event says besides. Nothing is looked up when a receipt comes, whatever order it comes in.
struct SMSReceiptTags: Sendable, Equatable {
    var reference: String
    var charge: SMSCharge
    var messageType: String
    var sender: String?

    init(_ message: OutgoingSMS) {
        reference = message.token
        charge = message.charge
        messageType = message.messageType
        sender = message.from
    }

    /// Nil when there is no reference in it.
    init?(_ fields: FormFields) {
        guard let reference = fields["ref"], !reference.isEmpty else { return nil }
        self.reference = reference
        charge = SMSCharge(
            parts: fields["n"].flatMap { Int($0) } ?? 1, country: fields["c"],
            millicents: fields["p"].flatMap { Int($0) })
        messageType = fields["y"] == "P" ? "PROMOTIONAL" : "TRANSACTIONAL"
        sender = fields["s"]
    }

    /// In a fixed order: signatures are made over it.
    var fields: FormFields {
        var fields = FormFields([("ref", reference), ("n", String(charge.parts))])
        fields.append("p", charge.millicents.map { String($0) })
        fields.append("c", charge.country)
        fields.append("y", messageType == "PROMOTIONAL" ? "P" : "T")
        fields.append("s", sender)
        return fields
    }

    /// Attributes and metrics of Pinpoint's `_SMS` events.
    func describe(_ receipt: inout Receipt, recordStatus: String) {
        receipt.reference = reference
        receipt.attributes["record_status"] = recordStatus
        receipt.attributes["number_of_message_parts"] = String(charge.parts)
        receipt.attributes["message_type"] = messageType == "PROMOTIONAL" ? "Promotional" : "Transactional"
        receipt.attributes["iso_country_code"] = charge.country
        receipt.attributes["origination_phone_number"] = sender
        receipt.attributes["destination_phone_number"] = receipt.address
        receipt.attributes["message_id"] = receipt.providerReference
        receipt.metrics["price_in_millicents_usd"] = charge.millicents.map(Double.init)
    }
}

extension Receipt {
    /// Pinpoint's word for a text's state where the provider says no more.
    var plainRecordStatus: String {
        switch kind {
        case .delivered, .read: "DELIVERED"
        case .sent: "SUCCESSFUL"
        case .buffered: "PENDING"
        case .expired: "TTL_EXPIRED"
        case .hardBounce: "INVALID"
        case .optOut: "OPTED_OUT"
        case _: "UNKNOWN"
        }
    }
}
