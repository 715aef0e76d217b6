import Core
import EventLoop
import HTTPServer
import Hosting
import LMTP
import Model
import Providers
import Runtime

/// Mail from LMTP into the store of calls: one call per provider, durable before its recipients hear 250.
struct MailIntake: Sendable {
    let directory: MailboxDirectory
    let environment: Environment
    let metrics: Metrics
    /// Returns once the call is durable.
    let store: @Sendable (StoredCall) async throws -> Void

    var handler: LMTPHandler {
        LMTPHandler(accept: { await accept($0) }, deliver: { await deliver($0) })
    }

    func accept(_ recipient: String) async -> LMTPReply {
        do {
            return try await directory.mailbox(of: recipient) == nil ? .unknown : .accepted
        } catch {
            environment.log.error("lmtp.directory_failed", error)
            return .trouble
        }
    }

    func deliver(_ message: LMTPMessage) async -> [LMTPReply] {
        var mailboxes: [MailboxDirectory.Mailbox?] = []
        for recipient in message.recipients {
            do {
                mailboxes.append(try await directory.mailbox(of: recipient))
            } catch {
                environment.log.error("lmtp.directory_failed", error)
                return count(message.recipients.map { _ in .trouble })
            }
        }
        // In the order in which they are named first.
        var owners: [MailboxDirectory.Mailbox] = []
        for case let mailbox? in mailboxes where !owners.contains(mailbox) { owners.append(mailbox) }
        var replies: [MailboxDirectory.Mailbox: LMTPReply] = [:]
        for owner in owners {
            let recipients = zip(message.recipients, mailboxes).filter { $0.1 == owner }.map(\.0)
            do {
                try await store(call(message, of: owner, recipients))
                replies[owner] = .stored
            } catch {
                environment.log.error("lmtp.store_failed", error)
            }
        }
        return count(mailboxes.map { mailbox in mailbox.map { replies[$0] ?? .trouble } ?? .unknown })
    }

    private func call(
        _ message: LMTPMessage, of owner: MailboxDirectory.Mailbox, _ recipients: [String]
    ) -> StoredCall {
        let now = environment.realNow()
        return StoredCall(
            id: StoredCall.newID(at: now, environment), app: owner.app, provider: owner.provider, kind: "mail",
            channel: owner.channel, what: InboundMailbox.what,
            query: InboundMailbox.query(sender: message.sender, recipients: recipients),
            headers: [StoredCall.Header(name: "content-type", value: "message/rfc822")], body: message.content,
            receivedAt: now)
    }

    private func count(_ replies: [LMTPReply]) -> [LMTPReply] {
        for reply in replies {
            let outcome = reply.isPositive ? "stored" : reply.code / 100 == 4 ? "deferred" : "refused"
            metrics.counter(.lmtpMessages, outcome).increment()
        }
        return replies
    }
}

extension BackgroundWorker {
    /// Listens where `NEEDLETAIL_LMTP_LISTEN` says, until cancelled; then lets messages under way end. None when it says nothing.
    static func lmtp(
        _ context: ServiceContext, store: @escaping @Sendable (StoredCall) async throws -> Void
    ) throws -> [BackgroundWorker] {
        guard let text = context.configuration.lmtpListen else { return [] }
        guard let address = ListenAddress(text) else {
            throw Fault(.configuration, "NEEDLETAIL_LMTP_LISTEN must be \(Settings.lmtpListen.form.expectation)")
        }
        let directory = MailboxDirectory(
            references: SendReferences(masterKey: context.masterKey), database: context.database)
        let intake = MailIntake(
            directory: directory, environment: context.environment, metrics: context.metrics, store: store)
        let server = LMTPServer(
            loop: context.loop, hostName: "inbound-reply", environment: context.environment, metrics: context.metrics,
            handler: intake.handler)
        return [
            BackgroundWorker(name: "lmtp") {
                _ = try await server.listen(address)
                while !Task.isCancelled { try? await context.loop.sleep(for: .seconds(3600)) }
                await server.drain()
            }
        ]
    }
}
