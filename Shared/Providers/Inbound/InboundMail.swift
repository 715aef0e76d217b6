package import Core
import Crypto
import HTTPClient
import Mail
package import Model

/// What a message from the outside means: bounce, complaint, opt-out or reply. Pure, total, and the same whichever way the message
/// came: LMTP, a pipe, or the raw form of a provider's inbound webhook.
///
/// Receipts are told only where a reference of ours is found whose MAC is right, so that nobody can tell the fate of a message that
/// they never had in their hands. They name no address: a report's `Final-Recipient` may be where the recipient forwards to, and is
/// written by whoever sends the report; the reference says which endpoint was meant.
package enum InboundMail {
    /// RFC 5321 §6.3.
    private static let hopsLimit = 100
    private static let textLimitBytes = 1024

    /// `mailFrom`: the envelope's sender, empty for the null sender, nil when it is not known. `rcptTo`: those of the envelope's
    /// recipients that are ours. Empty when the message is nothing to us.
    package static func events(
        raw: [UInt8], mailFrom: String?, rcptTo: [String], references: SendReferences, at: Instant
    ) -> [InboundEvent] {
        let message = Message(
            mail: ParsedMail(raw), mailFrom: mailFrom, digest: { Hex.lowercase(SHA256.hash(raw).prefix(16)) },
            references: references, at: at)
        return message.events(rcptTo)
    }

    private struct Message {
        let mail: ParsedMail
        let mailFrom: String?
        let digest: () -> String
        let references: SendReferences
        let at: Instant

        var headers: MailHeaders { mail.headers }
        var isFromNobody: Bool { mailFrom.map(AutomaticMail.isNull) ?? false }

        func events(_ recipients: [String]) -> [InboundEvent] {
            guard !isLoop else { return [] }
            let addressees = recipients.map { (address: $0, whom: MailAddressee($0, references)) }
            if let report = FeedbackReport(mail) { return complaint(report, addressees.map(\.whom)) }
            if let report = DeliveryReport(mail) { return receipts(of: report, addressees.map(\.whom)) }
            var events: [InboundEvent] = []
            for (address, whom) in addressees {
                switch whom {
                case .optOut(_, let token): events += optOut(token)
                case .reply(_, let token): events += [reply(to: address, token)]
                case .bounce(_, let token): events += looseBounce(token) ?? [reply(to: address, token)]
                case .other: events += unaddressed(address)
                }
            }
            // One mail to two of our addresses is one answer.
            var seen: Set<String> = []
            return events.filter { seen.insert(Self.identity($0)).inserted }
        }

        /// Our own message come back, or one that goes in circles.
        private var isLoop: Bool {
            if headers.all("Received").count > hopsLimit { return true }
            return headers["Message-ID"].map { CarriedReference.find(in: $0, references) != nil } ?? false
        }

        private static func identity(_ event: InboundEvent) -> String {
            switch event {
            case .receipt(let receipt): "\(receipt.kind.rawValue) \(receipt.reference ?? "")"
            case .reply(let reply): "reply \(reply.reference ?? reply.to)"
            }
        }

        // MARK: Receipts

        private func complaint(_ report: FeedbackReport, _ whom: [MailAddressee]) -> [InboundEvent] {
            guard report.isComplaint,
                let token = mail.returned.flatMap({ CarriedReference.find(in: $0, references) })
                    ?? report.originalSender.flatMap({ CarriedReference.find(in: $0, references) })
                    ?? report.originalEnvelopeID.flatMap({ CarriedReference.find(in: $0, references) })
                    ?? whom.lazy.compactMap(\.token).first
            else { return [] }
            var attributes = ["feedback_type": report.type]
            attributes["user_agent"] = report.userAgent.map { Self.short($0) }
            return [receipt(.complaint, token, detail: report.type, attributes: attributes)]
        }

        private func receipts(of report: DeliveryReport, _ whom: [MailAddressee]) -> [InboundEvent] {
            guard
                let token = whom.lazy.compactMap(\.token).first
                    ?? report.envelopeID.flatMap({ CarriedReference.find(in: $0, references) })
                    ?? mail.returned.flatMap({ CarriedReference.find(in: $0, references) })
            else { return [] }
            // Our messages have one recipient each; several groups are members of a list behind it. While one of them is
            // reached, the address is alive.
            let actions: [DeliveryReport.Action] = [.delivered, .relayed, .expanded, .delayed, .failed]
            guard
                let action = actions.first(where: { action in report.recipients.contains { $0.action == action } }),
                let group = report.recipients.first(where: { $0.action == action })
            else { return [] }
            switch action {
            case .delivered: return [receipt(.delivered, token, group)]
            case .relayed, .expanded: return [receipt(.sent, token, group)]
            case .delayed: return [receipt(.buffered, token, group)]
            case .failed: return [receipt(BounceClass(group).kind, token, group)]
            }
        }

        private func receipt(_ kind: Receipt.Kind, _ token: String, _ group: DeliveryReport.Recipient) -> InboundEvent {
            let bounce = BounceClass(group)
            var attributes: [String: String] = [:]
            attributes["status"] = group.action == .failed ? bounce.status ?? group.status : group.status
            attributes["bounce_class"] = group.action == .failed ? bounce.class.rawValue : nil
            attributes["remote_mta"] = group.remoteServer.map { Self.short($0) }
            return receipt(
                kind, token, detail: group.diagnostic ?? group.status, attributes: attributes)
        }

        private func receipt(
            _ kind: Receipt.Kind, _ token: String, detail: String?, attributes: [String: String]
        ) -> InboundEvent {
            .receipt(
                Receipt(
                    kind, channel: "EMAIL", key: "\(key):\(kind.rawValue)", reference: token, at: at,
                    detail: detail.map { String(decoding: $0.utf8.prefix(textLimitBytes), as: UTF8.self) },
                    attributes: attributes))
        }

        private func optOut(_ token: String) -> [InboundEvent] {
            // Nobody without an address asks for anything: that is a bounce that went astray.
            isFromNobody ? [] : [receipt(.optOut, token, detail: "mailto", attributes: [:])]
        }

        /// A bounce that is no report (qmail, old gateways): to the address for bounces, from nobody or a daemon. What it cites says
        /// how bad it is; when it cites nothing, it is soft. Nil when it is something else: an absence note, a person's letter.
        private func looseBounce(_ token: String) -> [InboundEvent]? {
            let isFromDaemon = headers["From"].flatMap(MailWords.address).map(AutomaticMail.isDaemon) ?? false
            guard isFromNobody || isFromDaemon else { return nil }
            // Mail servers mark their bounces like that too (Postfix does).
            if !isFromDaemon, !isDeletion {
                if let submitted = headers["Auto-Submitted"], MailWords.first(submitted) == "auto-replied" {
                    return nil
                }
                guard AutomaticMail(headers, mailFrom: "x@x") != .perhaps else { return nil }
            }
            let cited = mail.plainPart.flatMap { CitedReply.find(in: $0.text) }
            let bounce = cited.map { BounceClass($0) }
            var attributes = ["bounce_class": bounce?.class.rawValue ?? "unknown"]
            attributes["status"] = bounce?.status
            return [
                receipt(bounce?.kind ?? .softBounce, token, detail: cited.map { "\($0.text)" }, attributes: attributes)
            ]
        }

        /// A mailbox that threw the message away tells so by a disposition notification (RFC 8098 §3.2.6.2).
        private var isDeletion: Bool {
            mail.parts.contains { part in
                part.type == "message/disposition-notification"
                    && FieldGroups.read(part.content).contains {
                        $0["Disposition"]?.lowercased().contains("deleted") == true
                    }
            }
        }

        // MARK: Replies

        /// To an address without a reference: a bounce that carries ours inside, or a letter.
        private func unaddressed(_ address: String) -> [InboundEvent] {
            if isFromNobody {
                return mail.returned.flatMap { CarriedReference.find(in: $0, references) }.flatMap(looseBounce) ?? []
            }
            return [reply(to: address, nil)]
        }

        private func reply(to address: String, _ token: String?) -> InboundEvent {
            let before = answered
            let verdict = AutomaticMail(headers, mailFrom: mailFrom)
            // A person's mail program names what it answers; a note that sounds absent and does not was written by a program.
            let isAutomatic = verdict == .yes || verdict == .perhaps && before.isEmpty
            return .reply(
                Reply(
                    key: key, channel: "EMAIL",
                    from: headers["From"].flatMap(MailWords.address) ?? mailFrom ?? "",
                    to: address.trimmingBrackets, text: ReplyText.written(mail), subject: headers["Subject"],
                    messageID: messageID, inReplyTo: before,
                    reference: token ?? before.lazy.compactMap { CarriedReference.find(in: $0, references) }.first,
                    isAutomatic: isAutomatic, at: at))
        }

        private var messageID: String? {
            headers["Message-ID"].flatMap { MailWords.bracketed($0, limit: 1).first ?? $0 }.map { Self.short($0) }
        }

        /// Newest first.
        private var answered: [String] {
            let direct = headers["In-Reply-To"].map { MailWords.bracketed($0, limit: 10) } ?? []
            let thread = headers["References"].map { Array(MailWords.bracketed($0).suffix(50).reversed()) } ?? []
            var seen: Set<String> = []
            return (direct + thread).filter { seen.insert($0).inserted }
        }

        /// A relay that lost our answer brings the same message again, with other `Received` lines perhaps.
        private var key: String { messageID ?? digest() }

        private static func short(_ text: String) -> String {
            String(decoding: text.utf8.prefix(250), as: UTF8.self)
        }
    }
}

extension MailAddressee {
    fileprivate var token: String? {
        switch self {
        case .bounce(_, let token), .reply(_, let token), .optOut(_, let token): token
        case .other: nil
        }
    }
}

extension String {
    fileprivate var trimmingBrackets: String {
        hasPrefix("<") && hasSuffix(">") ? String(dropFirst().dropLast()) : self
    }
}
