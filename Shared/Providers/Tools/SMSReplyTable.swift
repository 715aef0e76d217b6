package import Model

/// What an SMS provider's code means for the message and its number: `ops/data/sms-replies.tsv`.
package struct SMSReplyTable: Sendable {
    package enum Class: String, Sendable, CaseIterable {
        case throttle, transient, soft, addr, optout, content, config, auth, expired
    }

    package struct Verdict: Sendable, Equatable {
        package let `class`: Class
        /// Zero: the table leaves it to the caller's backoff.
        package let retryAfter: Duration
        /// `record_status` of Pinpoint's `_SMS` events.
        package let recordStatus: String

        package init(_ class: Class, retryAfter: Duration = .zero, recordStatus: String = "UNKNOWN") {
            self.class = `class`
            self.retryAfter = retryAfter
            self.recordStatus = recordStatus
        }
    }

    /// Compiled in. A broken table is a programmer's error, caught by a test over the same literal.
    package static let standard = (try? SMSReplyTable(text: SMSReplyData.table)) ?? SMSReplyTable()

    private var verdicts: [String: Verdict] = [:]

    package var count: Int { verdicts.count }

    /// `provider`: as the table has it. Nil for a code that it does not know.
    package func verdict(_ provider: String, _ code: some StringProtocol) -> Verdict? {
        verdicts["\(provider)/\(code)"]
    }

    struct TableFault: Error {
        let line: Int
        let message: String
    }

    private init() {}

    init(text: String) throws(TableFault) {
        var sawHeader = false
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            if line.isEmpty || line.hasPrefix("#") { continue }
            if !sawHeader {
                sawHeader = true
                continue
            }
            let fields = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
            guard fields.count == 6 else { throw TableFault(line: index + 1, message: "six columns expected") }
            guard let name = Class(rawValue: fields[2]), let after = Int(fields[3]), !fields[4].isEmpty else {
                throw TableFault(line: index + 1, message: "unreadable column")
            }
            let key = "\(fields[0])/\(fields[1])"
            guard verdicts[key] == nil else { throw TableFault(line: index + 1, message: "\(key) is there already") }
            verdicts[key] = Verdict(name, retryAfter: .seconds(after), recordStatus: fields[4])
        }
    }
}

extension SendOutcome {
    /// What a refusal of the request itself means. `retryAfter`: the answer's own wish, which comes before the table's.
    package init(_ verdict: SMSReplyTable.Verdict, retryAfter: Duration? = nil, detail: String) {
        let detail = String(decoding: detail.utf8.prefix(Self.detailLimitBytes), as: UTF8.self)
        let after = retryAfter ?? verdict.retryAfter
        switch verdict.class {
        case .throttle: self = .retry(after: after, isThrottle: true, detail: detail)
        case .transient, .soft: self = .retry(after: after, isThrottle: false, detail: detail)
        case .addr: self = .rejected(.address, detail: detail, isAddressDead: true)
        case .optout: self = .rejected(.optedOut, detail: detail, isAddressDead: false)
        case .content, .expired: self = .rejected(.content, detail: detail, isAddressDead: false)
        case .config: self = .rejected(.configuration, detail: detail, isAddressDead: false)
        case .auth: self = .notSent(.authentication, detail: detail)
        }
    }
}

extension SMSReplyTable.Verdict {
    /// What the same says when it comes as a receipt, after the provider took the message: there is no second try then.
    package var receipt: Receipt.Kind {
        switch self.class {
        case .throttle, .transient, .soft: .softBounce
        case .addr: .hardBounce
        case .optout: .optOut
        case .content, .config, .auth: .rejected
        case .expired: .expired
        }
    }
}
