/// Keeps the number of messages that are under way to one recipient domain within a limit, whichever sessions carry them: large
/// receivers refuse a sender that comes with more at once than they like. Who has to wait stands aside in order.
///
/// Loop-confined with its pool. Waiting ends by itself, because every message that is under way ends within the pool's timeouts.
struct SMTPDomainLimit {
    private let limit: Int?
    private var underWay: [String: Int] = [:]
    private var aside: [String: [SMTPTicket]] = [:]

    /// `limit`: nil for none.
    init(_ limit: Int?) {
        self.limit = limit.map { max(1, $0) }
    }

    /// False when the ticket has to stand aside, which it then does.
    mutating func enter(_ ticket: SMTPTicket) -> Bool {
        guard let limit else { return true }
        let domain = Self.domain(of: ticket)
        if underWay[domain, default: 0] >= limit {
            aside[domain, default: []].append(ticket)
            return false
        }
        underWay[domain, default: 0] += 1
        return true
    }

    /// The one that may try again now.
    mutating func leave(_ ticket: SMTPTicket) -> SMTPTicket? {
        guard limit != nil else { return nil }
        let domain = Self.domain(of: ticket)
        let rest = underWay[domain, default: 1] - 1
        underWay[domain] = rest > 0 ? rest : nil
        return nextAside(domain)
    }

    /// The one that may try in the place of a ticket that will not go.
    mutating func skip(_ ticket: SMTPTicket) -> SMTPTicket? {
        guard let limit else { return nil }
        let domain = Self.domain(of: ticket)
        return underWay[domain, default: 0] < limit ? nextAside(domain) : nil
    }

    private mutating func nextAside(_ domain: String) -> SMTPTicket? {
        guard var waiting = aside[domain], !waiting.isEmpty else { return nil }
        let next = waiting.removeFirst()
        aside[domain] = waiting.isEmpty ? nil : waiting
        return next
    }

    /// Everybody who stands aside; nobody does afterwards.
    mutating func takeAside() -> [SMTPTicket] {
        guard !aside.isEmpty else { return [] }
        let all = aside.values.flatMap { $0 }
        aside = [:]
        return all
    }

    private static func domain(of ticket: SMTPTicket) -> String {
        let address = ticket.message.recipient
        guard let at = address.lastIndex(of: "@") else { return "" }
        return address[address.index(after: at)...].lowercased()
    }
}
