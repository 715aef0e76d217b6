/// One text message ready to be handed to a provider.
package struct OutgoingSMS: OutgoingMessage {
    /// E.164 with `+`.
    package var to: String
    /// The number, short code or alphanumeric sender that it comes from; nil: the provider's own choice.
    package var from: String?
    package var body: String
    /// Absolute https URLs of pictures; not empty: an MMS.
    package var mediaURLs: [String]
    /// `TRANSACTIONAL` or `PROMOTIONAL`, as Pinpoint names them.
    package var messageType: String
    /// India's DLT registration of the sender and of the text.
    package var entityID: String?
    package var templateID: String?
    package var token: String
    /// Where the provider may report to (`ProviderSetup.receiptURL`); nil without a public address.
    package var receiptURL: String?
    /// For WhatsApp, whose first words to a person must be a template that Meta has approved; nil: `body`.
    package var whatsApp: WhatsAppTemplate?
    /// What receipts bring back, so that nothing has to be looked up for their events.
    package var charge: SMSCharge

    package init(
        to: String, from: String?, body: String, mediaURLs: [String] = [], messageType: String = "TRANSACTIONAL",
        entityID: String? = nil, templateID: String? = nil, token: String, receiptURL: String? = nil,
        charge: SMSCharge = SMSCharge(), whatsApp: WhatsAppTemplate? = nil
    ) {
        self.to = to
        self.from = from
        self.body = body
        self.mediaURLs = mediaURLs
        self.messageType = messageType
        self.entityID = entityID
        self.templateID = templateID
        self.token = token
        self.receiptURL = receiptURL
        self.whatsApp = whatsApp
        self.charge = charge
    }
}

/// What one text costs, by our own count and table.
package struct SMSCharge: Sendable, Equatable {
    package var parts: Int
    /// ISO 3166-1 alpha-2, of the number; nil for one that no country has.
    package var country: String?
    /// Thousandths of a US cent, of all parts; nil where the operator's table has no price.
    package var millicents: Int?

    package init(parts: Int = 1, country: String? = nil, millicents: Int? = nil) {
        self.parts = parts
        self.country = country
        self.millicents = millicents
    }
}
