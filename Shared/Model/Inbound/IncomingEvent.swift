package import Core
import Crypto

/// One event of a stored call, on its way into the books.
package struct IncomingEvent: Sendable {
    package let call: InboundCallID
    package let app: AppID
    package let provider: ProviderID
    /// What the provider is configured for.
    package let channel: String
    package let event: InboundEvent
    /// Real time.
    package let receivedAt: Instant
    /// It has waited long enough for its message to be recorded.
    package let isLastChance: Bool
    /// What makes it the same event when it comes again; 16 bytes.
    let key: [UInt8]

    /// The same whenever the event comes again.
    package var id: String { Hex.lowercase(key) }

    /// `place`: among the events of its call.
    package init(_ event: InboundEvent, place: Int, of call: StoredCall, isLastChance: Bool = false) {
        self.call = call.id
        app = call.app
        provider = call.provider
        channel = call.channel
        let event = event.withoutNUL
        self.event = event
        receivedAt = call.receivedAt
        self.isLastChance = isLastChance
        key = Self.key(event, place, call)
    }

    /// By the provider's name for it, with what tells the recipients of one report apart; else by all that it says. The buttons of the
    /// development inbox may be pressed again.
    private static func key(_ event: InboundEvent, _ place: Int, _ call: StoredCall) -> [UInt8] {
        let text: String
        switch event {
        case .reply(let reply): text = "reply\n\(reply.channel)\n\(reply.key)"
        case .receipt(let receipt):
            if let key = receipt.key {
                text = "receipt\n\(receipt.kind.rawValue)\n\(receipt.reference ?? receipt.address ?? "")\n\(key)"
            } else if call.provider == InboundStore.devInbox {
                text = "call\n\(call.id)\n\(place)"
            } else {
                text = "said\n\(String(decoding: event.json.serialized, as: UTF8.self))"
            }
        }
        return Array(SHA256.hash(Array(text.utf8)).prefix(16))
    }
}

/// A send that an event is about, and what is known of it.
package struct FoundSend: Sendable {
    package let send: SendReference
    package let campaign: CampaignID
    let runDay: Day
    /// Nothing that happens to it starts another campaign.
    let isStartedByService: Bool
    /// Nil: its outcome is not in the ledger yet.
    var record: Record?

    struct Record: Sendable {
        /// Of the outcome that counts.
        let at: Instant
        let isUnknown: Bool
        let providerReference: String?
    }
}
