package import Core

/// What a provider told us, in our words: the same for all providers. Read from a stored call, after its signature was checked.
package enum InboundEvent: Sendable, Equatable {
    case receipt(Receipt)
    case reply(Reply)
}

/// The fate of one message that was sent.
package struct Receipt: Sendable, Equatable {
    /// Unordered and repeated as they come: the rank says which is the later truth (`Receipt.Kind.rank`).
    package enum Kind: String, Sendable, CaseIterable {
        /// The carrier or the recipient's server has it, on its way.
        case sent = "SENT"
        /// It waits at the provider or the carrier.
        case buffered = "BUFFERED"
        case delivered = "DELIVERED"
        /// Not delivered, and the provider has given up; the address may be fine.
        case softBounce = "SOFT_BOUNCE"
        /// The address is dead.
        case hardBounce = "HARD_BOUNCE"
        /// The message was refused for what it is, or who sent it.
        case rejected = "REJECTED"
        case expired = "EXPIRED"
        case complaint = "COMPLAINT"
        /// The recipient wants no more, as the provider says.
        case optOut = "OPT_OUT"
        case optIn = "OPT_IN"
        case open = "OPEN"
        case click = "CLICK"
        case read = "READ"
        /// A call was answered.
        case answered = "ANSWERED"
        case busy = "BUSY"
        case noAnswer = "NO_ANSWER"
        /// Keys that were pressed during a call: attribute `digits`.
        case keyPress = "KEY_PRESS"
    }

    package var kind: Kind
    /// The provider's name for this report, for recognising it when it comes again; nil: what it says is its name.
    package var key: String?
    /// `EMAIL`, `SMS`, `VOICE` …
    package var channel: String
    /// Our reference (`SendReferences`), where the provider carries it.
    package var reference: String?
    /// What the provider called the message when it took it.
    package var providerReference: String?
    package var address: String?
    /// When it happened, by the provider's clock.
    package var at: Instant?
    /// The provider's words and codes, at most 1 KiB.
    package var detail: String?
    /// For the event: `record_status`, `link`, `iso_country_code`, `number_of_message_parts`, `digits`, `user_agent` …
    package var attributes: [String: String]
    /// `price_in_millicents_usd`, `duration_seconds` …
    package var metrics: [String: Double]

    package init(
        _ kind: Kind, channel: String, key: String? = nil, reference: String? = nil, providerReference: String? = nil,
        address: String? = nil, at: Instant? = nil, detail: String? = nil, attributes: [String: String] = [:],
        metrics: [String: Double] = [:]
    ) {
        self.kind = kind
        self.channel = channel
        self.key = key
        self.reference = reference
        self.providerReference = providerReference
        self.address = address
        self.at = at
        self.detail = detail
        self.attributes = attributes
        self.metrics = metrics
    }
}

/// A message from a person to us.
package struct Reply: Sendable, Equatable {
    /// The provider's id of it.
    package var key: String
    /// `SMS`, `EMAIL`; a WhatsApp message is `SMS` with addresses `whatsapp:+…`.
    package var channel: String
    package var from: String
    package var to: String
    /// Plain text; of an e-mail what was written new, without the quoted rest.
    package var text: String
    package var subject: String?
    /// E-mail: `Message-ID`, and `In-Reply-To` with `References`, newest first, without angle brackets.
    package var messageID: String?
    package var inReplyTo: [String]
    /// Our reference, where the address or the provider carries it.
    package var reference: String?
    /// The provider's id of the message of ours that it answers.
    package var providerReference: String?
    package var mediaURLs: [String]
    /// An out-of-office note or another machine (RFC 3834): never answered.
    package var isAutomatic: Bool
    /// What the provider has done already: `STOP`, `START`, `HELP` (Twilio's OptOutType).
    package var handledKeyword: String?
    package var at: Instant?
    /// This is only a piece of a long message, which the provider hands over one call at a time; nil: it is whole.
    package var part: Part?

    /// One of the pieces that make a message together.
    package struct Part: Sendable, Equatable {
        /// The provider's mark of the message, among messages of one sender to one number only; carriers use it again after a while.
        package var group: String
        /// From 1.
        package var number: Int
        package var total: Int

        package init(group: String, number: Int, total: Int) {
            self.group = group
            self.number = number
            self.total = total
        }
    }

    package init(
        key: String, channel: String, from: String, to: String, text: String, subject: String? = nil,
        messageID: String? = nil, inReplyTo: [String] = [], reference: String? = nil, providerReference: String? = nil,
        mediaURLs: [String] = [], isAutomatic: Bool = false, handledKeyword: String? = nil, at: Instant? = nil,
        part: Part? = nil
    ) {
        self.key = key
        self.channel = channel
        self.from = from
        self.to = to
        self.text = text
        self.subject = subject
        self.messageID = messageID
        self.inReplyTo = inReplyTo
        self.reference = reference
        self.providerReference = providerReference
        self.mediaURLs = mediaURLs
        self.isAutomatic = isAutomatic
        self.handledKeyword = handledKeyword
        self.at = at
        self.part = part
    }
}

extension Reply {
    /// More than any carrier takes of one message (GSM 03.40: 255), and no more than we want to wait for.
    package static let partsLimit = 32

    /// The message that these pieces are, in any order and each at most once; nil while one is missing. Its key is that of the first piece.
    package static func joined(_ pieces: [Reply]) -> Reply? {
        guard let total = pieces.first?.part?.total, (1...partsLimit).contains(total) else { return nil }
        var byNumber: [Int: Reply] = [:]
        for piece in pieces {
            guard let part = piece.part, part.total == total, (1...total).contains(part.number) else { return nil }
            byNumber[part.number] = piece
        }
        guard byNumber.count == total, var whole = byNumber[1] else { return nil }
        whole.text = (1...total).compactMap { byNumber[$0]?.text }.joined()
        whole.part = nil
        return whole
    }
}
