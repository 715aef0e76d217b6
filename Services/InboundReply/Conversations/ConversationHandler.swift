import Core
import Hosting
import Model
import Postgres
import Replies

/// What one message of a person means, and what goes back: stores it in its conversation, decides, and enqueues what follows.
///
/// Emits jobs of the queue `replies`. Never talks to anybody: not to a carrier, not to a customer's server.
struct ConversationHandler: ReplyHandler {
    /// Answers that no person wrote, to one person; a machine on the other side that answers everything is left alone then.
    static let answersPerHour = 20
    static let confirmationPause: Duration = .seconds(86_400)

    let desk: ReplyDesk

    func handle(_ reply: Reply, from origin: ReplyOrigin, in session: Session) async throws -> ReplyOutcome {
        let channel = origin.channel == "EMAIL" ? "EMAIL" : "SMS"
        let (address, hash) = try await person(reply, origin, channel, session)
        var conversation = try await ConversationStore.receive(
            origin.app, channel: channel, hash: hash, from: address, to: reply.to,
            newID: desk.environment.newID(), now: origin.now, in: session)
        if conversation.endpointID == nil {
            conversation.endpointID = try await ConversationPerson.endpoint(
                origin.app, channel: channel, hash: hash, in: session)?.id
        }
        let message = try await ConversationStore.add(
            ConversationMessage(
                author: .person, body: reply.text, subject: reply.subject, messageID: reply.messageID,
                mediaURLs: reply.mediaURLs, at: origin.now),
            to: conversation.id, of: origin.app, in: session)
        // A machine's: kept, and never answered (RFC 3834).
        guard !reply.isAutomatic else {
            try await ConversationStore.update(origin.app, conversation, now: origin.now, in: session)
            return ReplyOutcome()
        }
        let references = (reply.inReplyTo.reversed() + [reply.messageID].compactMap { $0 }).suffix(20)
        var turn = ConversationTurn(
            desk: desk, origin: origin, reply: reply, message: message, conversation: conversation, session: session,
            references: Array(references))
        return try await turn.run()
    }

    /// A text message comes from its number. An e-mail that answers one of ours is its addressee's, whatever address of theirs it
    /// comes from: the reference in it is a secret of that message.
    private func person(
        _ reply: Reply, _ origin: ReplyOrigin, _ channel: String, _ session: Session
    ) async throws -> (address: String, hash: [UInt8]) {
        if channel == "EMAIL", let send = origin.send,
            let addressee = try await ConversationPerson.addressee(
                origin.app, key: send.endpointKey, channel: channel, in: session)
        {
            return addressee
        }
        return (reply.from, desk.hasher.hash(reply.from, channel: channel, app: origin.app))
    }
}
