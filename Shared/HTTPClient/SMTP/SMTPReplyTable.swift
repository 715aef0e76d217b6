import Core

/// What a refusal means for the message and its address: `ops/data/smtp-replies.tsv`, first match wins.
package struct SMTPReplyTable: Sendable {
    package enum Class: String, Sendable, CaseIterable {
        case throttle, transient, addr, mailbox, content, config, auth
    }

    package struct Verdict: Sendable, Equatable {
        package let `class`: Class
        package let isAddressDead: Bool
        /// Zero when the table leaves it to the caller's backoff.
        package let retryAfter: Duration
    }

    /// Compiled in. A broken table is a programmer's error, caught by a test over the same literal.
    package static let standard = SMTPReplyTable(rows: (try? parse(SMTPReplyData.table)) ?? [])

    private let rows: [Row]

    package var count: Int { rows.count }

    /// A reply that no row names is judged by its first digit alone.
    package func verdict(on reply: SMTPReply, at stage: SMTPStage) -> Verdict {
        var text: String?
        for row in rows where row.matches(reply, stage) {
            if row.words.isEmpty { return row.verdict }
            let lowered = text ?? reply.text.lowercased()
            text = lowered
            if row.words.contains(where: { Self.contains(lowered, $0) }) { return row.verdict }
        }
        let isTransient = reply.code / 100 == 4
        return Verdict(class: isTransient ? .transient : .content, isAddressDead: false, retryAfter: .zero)
    }

    // MARK: Parsing

    typealias TableFault = DataTable.Fault

    private struct Row: Sendable {
        var stage: SMTPStage?
        var code: Int?
        /// 4 or 5 for `4yz`, `5yz`.
        var codeClass: Int?
        var enhanced: Pattern
        var words: [[UInt8]]
        var verdict: Verdict

        func matches(_ reply: SMTPReply, _ at: SMTPStage) -> Bool {
            (stage == nil || stage == at) && (code == nil || code == reply.code)
                && (codeClass == nil || codeClass == reply.code / 100) && enhanced.matches(reply.enhanced)
        }
    }

    private enum Pattern: Sendable {
        case any
        case absent
        case status(permanence: Int?, subject: Int, detail: Int?)

        func matches(_ status: EnhancedStatus?) -> Bool {
            switch self {
            case .any: return true
            case .absent: return status == nil
            case .status(let permanence, let subject, let detail):
                guard let status else { return false }
                return (permanence == nil || permanence == status.permanence) && subject == status.subject
                    && (detail == nil || detail == status.detail)
            }
        }
    }

    private init(rows: [Row]) {
        self.rows = rows
    }

    init(text: String) throws(TableFault) {
        rows = try Self.parse(text)
    }

    private static func parse(_ text: String) throws(TableFault) -> [Row] {
        try DataTable.rows("smtp-replies", text, columns: 7) { (fields) throws(DataTable.Complaint) in
            guard let row = row(fields) else { throw DataTable.Complaint("unreadable column") }
            return row
        }
    }

    private static func row(_ fields: [String]) -> Row? {
        var row = Row(
            enhanced: .any,
            words: fields[3] == "*" ? [] : fields[3].split(separator: "|").map { Array($0.utf8) },
            verdict: Verdict(class: .content, isAddressDead: false, retryAfter: .zero)
        )
        if fields[0] != "*" {
            guard let stage = SMTPStage(rawValue: fields[0]) else { return nil }
            row.stage = stage
        }
        switch fields[1] {
        case "*": break
        case "4yz": row.codeClass = 4
        case "5yz": row.codeClass = 5
        case let text:
            guard let code = Int(text), (400...599).contains(code) else { return nil }
            row.code = code
        }
        guard let enhanced = pattern(fields[2]), let name = Class(rawValue: fields[4]), let after = Int(fields[6]),
            ["yes", "no"].contains(fields[5])
        else { return nil }
        row.enhanced = enhanced
        row.verdict = Verdict(class: name, isAddressDead: fields[5] == "yes", retryAfter: .seconds(after))
        return row
    }

    private static func pattern(_ text: String) -> Pattern? {
        if text == "*" { return .any }
        if text == "-" { return .absent }
        let parts = text.split(separator: ".").map(String.init)
        guard parts.count == 3, let subject = Int(parts[1]) else { return nil }
        let permanence = Int(parts[0])
        let detail = Int(parts[2])
        guard permanence != nil || parts[0] == "x", detail != nil || parts[2] == "*" else { return nil }
        return .status(permanence: permanence, subject: subject, detail: detail)
    }

    private static func contains(_ text: String, _ word: [UInt8]) -> Bool {
        let bytes = Array(text.utf8)
        guard bytes.count >= word.count else { return false }
        return (0...(bytes.count - word.count)).contains { bytes[$0..<($0 + word.count)].elementsEqual(word) }
    }
}
