package import HTTPClient

extension Provider where Message == OutgoingEmail {
    /// Hands messages to an SMTP server through `pool`; failure and bounce reports are asked for where the server offers DSN.
    package static func smtp(_ pool: SMTPPool) -> EmailProvider {
        EmailProvider(name: "smtp") { messages, startBefore in
            let results = await pool.send(messages.map(SMTPMessage.init), startBefore: startBefore)
            return results.map { SendOutcome($0, table: .standard) }
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
