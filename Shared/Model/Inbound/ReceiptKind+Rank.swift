extension Receipt.Kind {
    /// Of what says where the message is: the higher one holds, whichever came first. A message that was put off may still be
    /// delivered; one that was delivered may still bounce, hours later; nothing undoes a dead address. Nil: it says nothing of
    /// the kind (an open, an opt-out).
    package var rank: Int16? {
        switch self {
        case .buffered: 1
        case .sent: 2
        case .softBounce, .busy, .noAnswer: 3
        case .expired: 4
        case .rejected: 5
        case .delivered, .answered: 6
        case .hardBounce: 7
        case .complaint, .optOut, .optIn, .open, .click, .read, .keyPress: nil
        }
    }

    /// The provider had taken the message, whatever came of it: a send whose outcome was lost is accepted.
    package var provesAcceptance: Bool {
        switch self {
        case .sent, .buffered, .delivered, .softBounce, .hardBounce, .expired, .complaint, .open, .click, .read,
            .answered,
            .busy, .noAnswer, .keyPress:
            true
        case .rejected, .optOut, .optIn: false
        }
    }

    /// Of roll-ups: how many messages of a run are in this state.
    package var rollupType: String { "_receipt.\(rawValue)" }

    /// The message did not arrive, as far as is known.
    package var isFailure: Bool {
        switch self {
        case .softBounce, .hardBounce, .rejected, .expired, .busy, .noAnswer: true
        case .sent, .buffered, .delivered, .complaint, .optOut, .optIn, .open, .click, .read, .answered, .keyPress:
            false
        }
    }
}
