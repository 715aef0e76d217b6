import Core
import Model
import Queue

/// The tracked addresses of one message. Minted once per message; a link is a MAC over what it stands for, so nothing is
/// stored per recipient.
struct MessageLinks: Sendable {
    private let base: TrackingLink
    private let tokens: TrackingTokens
    private let publicURL: String
    let openURL: String?
    let unsubscribeURL: String?

    init(send: Send, app: AppID, tokens: TrackingTokens, publicURL: String) {
        base = TrackingLink(
            kind: .open,
            app: app,
            run: send.cause.run,
            chunk: send.cause.chunk,
            ordinal: send.ordinal,
            endpointKey: send.recipient.key,
            treatment: send.cause.treatment
        )
        self.tokens = tokens
        self.publicURL = publicURL
        openURL = tokens.mint(base).map { TrackingURL.open($0, publicURL: publicURL) }
        unsubscribeURL = tokens.mint(base.with(kind: .unsubscribe)).map {
            TrackingURL.unsubscribe($0, publicURL: publicURL)
        }
    }

    /// Nil leaves the link alone: its target is too long to sign.
    func click(_ target: String) -> String? {
        tokens.mint(base.with(kind: .click(target: target))).map { TrackingURL.click($0, publicURL: publicURL) }
    }
}

extension Send {
    /// Our name of the message: the same on every attempt, so that a copy is recognisable by its Message-ID, and in every address that
    /// bounces and answers come to.
    var reference: SendReference {
        SendReference(
            run: cause.run, chunk: cause.chunk, ordinal: ordinal, endpointKey: recipient.key, treatment: cause.treatment
        )
    }
}
