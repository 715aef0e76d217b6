import Core
import Crypto
import Model

/// What a recipient, or a carrier in between, may do with a message of the development inbox: the buttons of its page. Each becomes
/// the event that a real provider would report, and takes the same way.
enum DevInboxAction: String, CaseIterable {
    case deliver, open, click, reply, stop, bounce, complain, unregister, answer, press

    var label: String {
        switch self {
        case .deliver: "delivered"
        case .open: "open"
        case .click: "click"
        case .reply: "reply"
        case .stop: "reply STOP"
        case .bounce: "bounce"
        case .complain: "complain"
        case .unregister: "uninstall the app"
        case .answer: "answer"
        case .press: "press keys"
        }
    }

    /// The one that asks for words, and what for.
    var prompt: String? {
        switch self {
        case .reply: "your answer"
        case .press: "digits"
        case .deliver, .open, .click, .stop, .bounce, .complain, .unregister, .answer: nil
        }
    }

    static func all(on channel: String) -> [DevInboxAction] {
        switch channel {
        case "EMAIL": [.deliver, .open, .click, .reply, .bounce, .complain]
        case "SMS": [.deliver, .reply, .stop, .bounce]
        case "VOICE": [.answer, .press, .bounce]
        case _: [.open, .unregister]
        }
    }

    /// `text`: what was written or pressed. `nonce` makes an answer that is given twice two answers.
    func event(
        on entry: DevInboxEntry, reference: String, text: String, at now: Instant, nonce: String
    ) -> InboundEvent {
        switch self {
        case .reply, .stop:
            let isEmail = entry.channel == "EMAIL"
            return .reply(
                Reply(
                    key: "dev-\(entry.id)-\(nonce)", channel: entry.channel, from: entry.recipient,
                    to: entry.sender.isEmpty ? "dev-inbox" : entry.sender, text: self == .stop ? "STOP" : text,
                    subject: isEmail ? "Re: \(entry.subject ?? "")" : nil,
                    messageID: isEmail ? "\(nonce)@dev-inbox.needletail.invalid" : nil,
                    inReplyTo: isEmail ? [entry.messageName].compactMap { $0 } : [], reference: reference, at: now))
        case .deliver: return receipt(.delivered, entry, reference, now)
        case .open: return receipt(.open, entry, reference, now)
        case .click: return receipt(.click, entry, reference, now, ["link": "https://example.com/dev-inbox"])
        case .bounce, .unregister:
            return receipt(
                .hardBounce, entry, reference, now,
                entry.channel == "SMS" ? ["record_status": "INVALID"] : [:], "550 5.1.1 the development inbox says so")
        case .complain: return receipt(.complaint, entry, reference, now)
        case .answer: return receipt(.answered, entry, reference, now)
        case .press: return receipt(.keyPress, entry, reference, now, ["digits": text])
        }
    }

    private func receipt(
        _ kind: Receipt.Kind, _ entry: DevInboxEntry, _ reference: String, _ now: Instant,
        _ attributes: [String: String] = [:], _ detail: String? = nil
    ) -> InboundEvent {
        .receipt(
            Receipt(
                kind, channel: entry.channel, reference: reference, address: entry.recipient, at: now, detail: detail,
                attributes: attributes))
    }
}

extension DevInboxEntry {
    /// The Message-ID without its angle brackets; what other channels have instead is our reference itself.
    var messageName: String? {
        messageID.map { id in
            let name = id.drop { $0 == "<" }
            return String(name.hasSuffix(">") ? name.dropLast() : name)
        }
    }

    /// Our reference of the send, if this is one of ours.
    func send(_ references: SendReferences) -> (text: String, reference: SendReference)? {
        guard let name = messageName else { return nil }
        let text = String(name.prefix { $0 != "@" })
        return references.verify(text).map { (text, $0) }
    }
}
