package import Core

/// An event as the development inbox stores it. Members that are absent or null are nil or empty.
extension InboundEvent {
    package var json: JSON {
        switch self {
        case .receipt(let receipt): .object(["receipt": receipt.json])
        case .reply(let reply): .object(["reply": reply.json])
        }
    }

    /// Throws `invalid`, naming the member.
    package init(json: JSON) throws(Fault) {
        if let receipt = json["receipt"] {
            self = .receipt(try Receipt(json: receipt))
        } else if let reply = json["reply"] {
            self = .reply(try Reply(json: reply))
        } else {
            throw Fault(.invalid, "an event has a member receipt or reply")
        }
    }
}

extension Receipt {
    fileprivate var json: JSON {
        var object: JSONObject = ["kind": .string(kind.rawValue), "channel": .string(channel)]
        object["key"] = key.map { .string($0) }
        object["reference"] = reference.map { .string($0) }
        object["provider_reference"] = providerReference.map { .string($0) }
        object["address"] = address.map { .string($0) }
        object["at"] = at.map { .integer($0.microseconds) }
        object["detail"] = detail.map { .string($0) }
        if !attributes.isEmpty {
            object["attributes"] = .object(
                JSONObject(
                    uniqueMembers: attributes.sorted { $0.key < $1.key }.map {
                        JSONObject.Member(key: $0.key, value: .string($0.value))
                    }))
        }
        if !metrics.isEmpty {
            object["metrics"] = .object(
                JSONObject(
                    uniqueMembers: metrics.sorted { $0.key < $1.key }.map {
                        JSONObject.Member(key: $0.key, value: .double($0.value))
                    }))
        }
        return .object(object)
    }

    fileprivate init(json: JSON) throws(Fault) {
        let kinds = Kind.allCases.map(\.rawValue).joined(separator: ", ")
        guard let kind = json["kind"]?.string.flatMap({ Kind(rawValue: $0) }) else {
            throw Fault(.invalid, "receipt.kind must be one of \(kinds)")
        }
        guard let channel = json["channel"]?.string else { throw Fault(.invalid, "receipt.channel must be a string") }
        self.init(
            kind, channel: channel, key: json["key"]?.string, reference: json["reference"]?.string,
            providerReference: json["provider_reference"]?.string, address: json["address"]?.string,
            at: json["at"]?.int.map { Instant(microseconds: Int64($0)) }, detail: json["detail"]?.string)
        for member in json["attributes"]?.object?.members ?? [] {
            guard let text = member.value.string else {
                throw Fault(.invalid, "receipt.attributes.\(member.key) must be a string")
            }
            attributes[member.key] = text
        }
        for member in json["metrics"]?.object?.members ?? [] {
            guard let number = member.value.number else {
                throw Fault(.invalid, "receipt.metrics.\(member.key) must be a number")
            }
            metrics[member.key] = number
        }
    }
}

extension Reply {
    fileprivate var json: JSON {
        var object: JSONObject = [
            "key": .string(key), "channel": .string(channel), "from": .string(from), "to": .string(to),
            "text": .string(text),
        ]
        object["subject"] = subject.map { .string($0) }
        object["message_id"] = messageID.map { .string($0) }
        if !inReplyTo.isEmpty { object["in_reply_to"] = .array(inReplyTo.map { .string($0) }) }
        object["reference"] = reference.map { .string($0) }
        object["provider_reference"] = providerReference.map { .string($0) }
        if !mediaURLs.isEmpty { object["media_urls"] = .array(mediaURLs.map { .string($0) }) }
        if isAutomatic { object["is_automatic"] = true }
        object["handled_keyword"] = handledKeyword.map { .string($0) }
        object["at"] = at.map { .integer($0.microseconds) }
        object["part"] = part.map {
            ["group": .string($0.group), "number": .integer(Int64($0.number)), "total": .integer(Int64($0.total))]
        }
        return .object(object)
    }

    fileprivate init(json: JSON) throws(Fault) {
        self.init(
            key: try Self.required("key", json), channel: try Self.required("channel", json),
            from: try Self.required("from", json), to: try Self.required("to", json),
            text: try Self.required("text", json), subject: json["subject"]?.string,
            messageID: json["message_id"]?.string,
            inReplyTo: json["in_reply_to"]?.array?.compactMap(\.string) ?? [], reference: json["reference"]?.string,
            providerReference: json["provider_reference"]?.string,
            mediaURLs: json["media_urls"]?.array?.compactMap(\.string) ?? [],
            isAutomatic: json["is_automatic"]?.bool ?? false, handledKeyword: json["handled_keyword"]?.string,
            at: json["at"]?.int.map { Instant(microseconds: Int64($0)) })
        if let json = json["part"] {
            guard let group = json["group"]?.string, let number = json["number"]?.int, let total = json["total"]?.int
            else {
                throw Fault(.invalid, "reply.part must have group, number and total")
            }
            part = Part(group: group, number: number, total: total)
        }
    }

    private static func required(_ name: String, _ json: JSON) throws(Fault) -> String {
        guard let text = json[name]?.string else { throw Fault(.invalid, "reply.\(name) must be a string") }
        return text
    }
}
