import Core
import Crypto
import EventLoop
package import HTTPClient
import Model

/// An app's own SMTP server, as provider kind `smtp`: `Url` as `SMTPServer` takes it but without credentials, `Username` and `Password`,
/// `Connections` at once in this process, `ConnectionsPerDomain` of the recipients, `BounceDomain`, and what signs its mail (DKIM).
enum SMTP {
    private static let connections = 1...200

    static let kind = ProviderKind(
        "smtp",
        channels: ["EMAIL"],
        settings: [
            .init("Url", required: true, check: { complaint(url: $0) }),
            .init("Connections", check: { complaint(number: $0) }),
            .init("ConnectionsPerDomain", check: { complaint(number: $0) }),
            .init("BounceDomain", check: { EmailDomains.isDomain($0) ? nil : "must be a domain" }),
            .init("DkimDomain", check: { EmailDomains.isDomain($0) ? nil : "must be a domain" }),
            .init("DkimSelector", check: { isSelector($0) ? nil : "must be a DNS label" }),
            .init("DkimEd25519Selector", check: { isSelector($0) ? nil : "must be a DNS label" }),
        ],
        secrets: [
            .init("Username"), .init("Password"), .init("DkimPrivateKey", check: { complaint(key: $0) }),
            .init("DkimEd25519PrivateKey", check: { complaint(key: $0) }),
        ],
        email: { setup, tools in
            let url = try setup.required("Url")
            if let complaint = complaint(url: url) { throw Fault(.configuration, "Url \(complaint)") }
            let server = try SMTPServer(
                url: url, username: setup.text("Username"), password: setup.text("Password"), rules: tools.client.rules)
            let (connections, perDomain) = (try number(setup, "Connections"), try number(setup, "ConnectionsPerDomain"))
            let signer = try signer(setup)
            guard let loop = tools.loop else {
                return Provider(name: "smtp") { messages, _ in
                    messages.map { _ in .notSent(.connection, detail: "this process sends no mail") }
                }
            }
            let pool = SMTPPool(
                server: server, loop: loop, environment: tools.environment, metrics: tools.metrics,
                maximumConnections: connections ?? 20, connectionsPerDomain: perDomain)
            return .smtp(
                pool, bounceDomain: setup.text("BounceDomain")?.lowercased(),
                signing: signer.map { Signing(signer: $0, loop: loop, environment: tools.environment) })
        })

    /// What signs messages, and where.
    struct Signing: Sendable {
        let signer: DKIMSigner
        let loop: EventLoop
        let environment: Environment
    }

    /// Nil without keys. Both keys sign where there are both: verifiers that know no Ed25519 look at the other.
    static func signer(_ setup: ProviderSetup) throws(Fault) -> DKIMSigner? {
        var identities: [DKIMSigner.Identity] = []
        for (key, selector) in [
            ("DkimPrivateKey", "DkimSelector"), ("DkimEd25519PrivateKey", "DkimEd25519Selector"),
        ] {
            guard let pem = setup.text(key) else { continue }
            identities.append(.init(selector: try setup.required(selector), key: try DKIMKey(pem: pem)))
        }
        guard !identities.isEmpty else { return nil }
        return DKIMSigner(domain: try setup.required("DkimDomain").lowercased(), identities: identities)
    }

    private static func number(_ setup: ProviderSetup, _ name: String) throws(Fault) -> Int? {
        guard let text = setup.text(name) ?? setup.provider.settings[name]?.int.map(String.init) else { return nil }
        if let complaint = complaint(number: text) { throw Fault(.configuration, "\(name) \(complaint)") }
        return Int(text)
    }

    private static func complaint(number text: String) -> String? {
        Int(text).map(connections.contains) == true
            ? nil : "must be a number from \(connections.lowerBound) to \(connections.upperBound)"
    }

    /// A setting is shown to whoever may read the channel, so it carries no password; and no file of the server's.
    private static func complaint(url: String) -> String? {
        guard url.hasPrefix("smtp://") || url.hasPrefix("smtps://") else {
            return "must begin with smtp:// or smtps://"
        }
        if url.contains("@") { return "must not contain a user name or password: they are secrets of their own" }
        if url.contains("ca=") { return "must not name a file" }
        do throws(Fault) {
            _ = try SMTPServer(url: url)
            return nil
        } catch {
            return "is not valid: \(error)"
        }
    }

    private static func complaint(key: String) -> String? {
        do throws(Fault) {
            _ = try DKIMKey(pem: key)
            return nil
        } catch {
            return "is not valid: \(error)"
        }
    }

    private static func isSelector(_ text: String) -> Bool { EmailDomains.isDomain("\(text).x") }
}

extension Provider where Message == OutgoingEmail {
    /// Hands messages to an SMTP server through `pool`; failure and bounce reports are asked for where the server offers DSN.
    package static func smtp(_ pool: SMTPPool) -> EmailProvider {
        smtp(pool, bounceDomain: nil, signing: nil)
    }

    static func smtp(_ pool: SMTPPool, bounceDomain: String?, signing: SMTP.Signing?) -> EmailProvider {
        EmailProvider(name: "smtp") { messages, startBefore in
            var outgoing = messages.map(SMTPMessage.init)
            if let bounceDomain {
                for place in outgoing.indices { outgoing[place].sender = "b+\(messages[place].token)@\(bounceDomain)" }
            }
            if let signing {
                do {
                    outgoing = try await signing.signed(outgoing)
                } catch {
                    return messages.map { _ in
                        .rejected(
                            .configuration, detail: "the messages could not be signed: \(error)", isAddressDead: false)
                    }
                }
            }
            let results = await pool.send(outgoing, startBefore: startBefore)
            return results.map { SendOutcome($0, table: .standard) }
        }
    }
}

extension SMTP.Signing {
    /// On a thread aside: a window of a hundred RSA signatures is 60 ms of CPU.
    func signed(_ messages: [SMTPMessage]) async throws -> [SMTPMessage] {
        let (signer, now) = (signer, environment.realNow())
        return try await loop.offload {
            try messages.map { message in
                var signed = message
                signed.content = try signer.sign(message.content, at: now)
                return signed
            }
        }
    }
}

extension SMTPMessage {
    package init(_ email: OutgoingEmail) {
        self.init(
            sender: email.sender,
            recipient: email.recipient.rawValue,
            content: email.content,
            envelopeID: email.token,
            requestsFailureReports: !email.sender.isEmpty
        )
    }
}

extension SendOutcome {
    package static let detailLimitBytes = 1024

    package init(_ result: SMTPResult, table: SMTPReplyTable) {
        switch result {
        case .accepted(let reply):
            self = .accepted(providerReference: String(decoding: reply.text.utf8.prefix(255), as: UTF8.self))
        case .refused(let reply, let stage):
            self = SendOutcome(reply, table.verdict(on: reply, at: stage))
        case .inDoubt(let reason):
            self = .unknown(detail: reason)
        case .notSent(let reason):
            self = SendOutcome(reason, table: table)
        }
    }

    private init(_ reply: SMTPReply, _ verdict: SMTPReplyTable.Verdict) {
        let detail = String(decoding: "\(reply)".utf8.prefix(Self.detailLimitBytes), as: UTF8.self)
        switch verdict.class {
        case .throttle: self = .retry(after: verdict.retryAfter, isThrottle: true, detail: detail)
        case .transient: self = .retry(after: verdict.retryAfter, isThrottle: false, detail: detail)
        case .addr: self = .rejected(.address, detail: detail, isAddressDead: verdict.isAddressDead)
        case .mailbox: self = .rejected(.mailbox, detail: detail, isAddressDead: false)
        case .content: self = .rejected(.content, detail: detail, isAddressDead: false)
        case .config: self = .rejected(.configuration, detail: detail, isAddressDead: false)
        case .auth: self = .notSent(.authentication, detail: detail)
        }
    }

    private init(_ reason: SMTPNotSent, table: SMTPReplyTable) {
        switch reason {
        case .connection(let detail, _): self = .notSent(.connection, detail: detail)
        case .greeting(let reply):
            // The whole server refuses; that says nothing about one message, so it never rejects one.
            let verdict = table.verdict(on: reply, at: .connect)
            self =
                switch verdict.class {
                case .throttle: .retry(after: verdict.retryAfter, isThrottle: true, detail: "\(reply)")
                case .auth: .notSent(.authentication, detail: "\(reply)")
                case .transient, .addr, .mailbox, .content, .config: .notSent(.connection, detail: "\(reply)")
                }
        case .authentication(let detail): self = .notSent(.authentication, detail: detail)
        case .invalidSender(let problem):
            self = .rejected(.configuration, detail: "the sender address \(problem)", isAddressDead: false)
        case .invalidRecipient(let problem):
            self = .rejected(.address, detail: "the address \(problem)", isAddressDead: false)
        case .invalidContent(let problem): self = .rejected(.content, detail: problem, isAddressDead: false)
        case .tooLarge(let limit):
            self = .rejected(
                .content, detail: "the message is larger than the server's \(limit) bytes", isAddressDead: false)
        case .cancelled: self = .notSent(.cancelled, detail: "stopped before its turn")
        case .deadline: self = .notSent(.deadline, detail: "not begun in time")
        }
    }
}
