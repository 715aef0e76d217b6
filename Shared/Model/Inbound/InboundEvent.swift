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

    package init(
        key: String, channel: String, from: String, to: String, text: String, subject: String? = nil,
        messageID: String? = nil, inReplyTo: [String] = [], reference: String? = nil, providerReference: String? = nil,
        mediaURLs: [String] = [], isAutomatic: Bool = false, handledKeyword: String? = nil, at: Instant? = nil
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
    }
}
