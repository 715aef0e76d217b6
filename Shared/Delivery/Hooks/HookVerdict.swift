/// What a campaign's hook said about one person.
package enum HookVerdict: Sendable, Equatable {
    /// To be sent to, with what the hook changed; empty for most.
    case pass(HookChanges)
    /// The hook left the person out.
    case filtered
    /// The hook could not be asked about the person, or its answer could not be used.
    case failed
    /// The person was out of reach when the others were asked about.
    case unasked
}

/// What a hook may change of a person: for this one message, never in the database (pinpoint-api §4.2.4).
package struct HookChanges: Sendable, Equatable {
    /// All custom attributes as the message sees them, a JSON object; nil when they are as stored.
    package var attributes: [UInt8]?
    /// Title and body in place of the message's own. Push and SMS only: e-mail ignores them, as Pinpoint does.
    package var titleOverride: String?
    package var bodyOverride: String?

    package init(attributes: [UInt8]? = nil, titleOverride: String? = nil, bodyOverride: String? = nil) {
        self.attributes = attributes
        self.titleOverride = titleOverride
        self.bodyOverride = bodyOverride
    }
}

extension Recipient {
    /// The person as the message is made for: custom attributes and texts replaced where the hook changed them. Address, channel, opt-out
    /// and everything else stay what the database says.
    package func applying(_ changes: HookChanges) -> Recipient {
        if changes == HookChanges() { return self }
        var changed = self
        changed.attributes = changes.attributes ?? attributes
        changed.titleOverride = changes.titleOverride
        changed.bodyOverride = changes.bodyOverride
        return changed
    }
}
