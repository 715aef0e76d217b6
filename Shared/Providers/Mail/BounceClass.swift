package import HTTPClient
package import Mail
package import Model

/// What a bounce says about an address: by the same table as a refusal while sending (`SMTPReplyTable`).
package struct BounceClass: Sendable, Equatable {
    package var kind: Receipt.Kind
    package var `class`: SMTPReplyTable.Class
    /// As judged: of the report, or re-derived from its diagnostic.
    package var status: String?

    package init(_ recipient: DeliveryReport.Recipient) {
        let reported = recipient.status.flatMap(EnhancedStatus.init)
        var reply = SMTPReply(reading: recipient.diagnostic ?? "")
        // `5.0.0` is what a program says that did not look: the other server's words know more.
        let status = reported.map { $0.subject == 0 && $0.detail == 0 ? reply.enhanced : $0 } ?? reply.enhanced
        let permanence = reported?.permanence ?? status?.permanence ?? (reply.code / 100 == 4 ? 4 : 5)
        if reply.code / 100 != permanence { reply = SMTPReply(code: permanence * 100 + 50, text: reply.text) }
        self.init(SMTPReply(code: reply.code, enhanced: status, text: reply.text))
    }

    /// Of a reply that a bounce cites.
    init(_ reply: SMTPReply) {
        // Nearly all refusals that come back as bounces were answers to RCPT.
        let verdict = SMTPReplyTable.standard.verdict(on: reply, at: .rcpt)
        `class` = verdict.class
        status = reply.enhanced.map { "\($0)" }
        switch verdict.class {
        case .addr: kind = verdict.isAddressDead ? .hardBounce : .softBounce
        // Transient: another server tried until it gave up.
        case .mailbox, .throttle, .transient: kind = .softBounce
        case .content, .config, .auth: kind = .rejected
        }
    }
}

extension EnhancedStatus {
    init?(_ text: String) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, let permanence = Int(parts[0]), let subject = Int(parts[1]), let detail = Int(parts[2]),
            [2, 4, 5].contains(permanence), (0...999).contains(subject), (0...999).contains(detail)
        else { return nil }
        self.init(permanence: permanence, subject: subject, detail: detail)
    }
}

extension SMTPReply {
    /// From words that begin with, or contain, `550 5.1.1 …`, `550-5.1.1`, `#5.1.1`: code 0 becomes 550 or 450 by the status, or 550.
    init(reading text: String) {
        var code = 0
        var enhanced: EnhancedStatus?
        for word in text.utf8.prefix(2048).split(whereSeparator: { !Self.isCodeByte($0) })
        where code == 0 || enhanced == nil {
            let word = String(decoding: word, as: UTF8.self)
            for piece in word.split(separator: "-") {
                if enhanced == nil, let status = EnhancedStatus(String(piece)), status.permanence != 2 {
                    enhanced = status
                }
                if code == 0, piece.utf8.count == 3, let value = Int(piece), (400...599).contains(value) {
                    code = value
                }
            }
        }
        if code == 0 { code = (enhanced?.permanence ?? 5) * 100 + 50 }
        self.init(code: code, enhanced: enhanced, text: String(decoding: text.utf8.prefix(1024), as: UTF8.self))
    }

    private static func isCodeByte(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "-")
    }
}
