extension InboundEvent {
    /// Without NUL, which Postgres takes in no text: a message that somebody puts one into must not be lost for it.
    var withoutNUL: InboundEvent {
        switch self {
        case .receipt(var receipt):
            receipt.key = receipt.key?.withoutNUL
            receipt.channel = receipt.channel.withoutNUL
            receipt.reference = receipt.reference?.withoutNUL
            receipt.providerReference = receipt.providerReference?.withoutNUL
            receipt.address = receipt.address?.withoutNUL
            receipt.detail = receipt.detail?.withoutNUL
            if receipt.attributes.contains(where: { $0.key.utf8.contains(0) || $0.value.utf8.contains(0) }) {
                receipt.attributes = Dictionary(
                    receipt.attributes.map { ($0.key.withoutNUL, $0.value.withoutNUL) },
                    uniquingKeysWith: { first, _ in first })
            }
            return .receipt(receipt)
        case .reply(var reply):
            reply.key = reply.key.withoutNUL
            reply.channel = reply.channel.withoutNUL
            reply.from = reply.from.withoutNUL
            reply.to = reply.to.withoutNUL
            reply.text = reply.text.withoutNUL
            reply.subject = reply.subject?.withoutNUL
            reply.messageID = reply.messageID?.withoutNUL
            reply.inReplyTo = reply.inReplyTo.map(\.withoutNUL)
            reply.reference = reply.reference?.withoutNUL
            reply.providerReference = reply.providerReference?.withoutNUL
            reply.mediaURLs = reply.mediaURLs.map(\.withoutNUL)
            return .reply(reply)
        }
    }
}

extension String {
    fileprivate var withoutNUL: String {
        utf8.contains(0) ? String(decoding: utf8.filter { $0 != 0 }, as: UTF8.self) : self
    }
}
