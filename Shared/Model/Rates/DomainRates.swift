package import Core
package import PinpointAPI

/// How many e-mails per second an app sends to each recipient domain: `Needletail.DomainRates` of its e-mail channel,
/// `{"gmail.com": 50, "*": 200}`. `*` is for every domain that is not named, each on its own; without it those have no limit.
///
/// A domain is the text behind the last `@`; subdomains are others.
package struct DomainRates: Sendable, Equatable {
    package static let member = "DomainRates"
    private static let everyOther = "*"
    /// Named domains: bounds what every worker keeps per app.
    private static let limit = 200
    private static let range = 1...20_000

    private var named: [String: Int] = [:]
    private var other: Int?

    /// Nil for a value that sets no rate. What is stored passed `check`.
    package init?(stored json: JSON?) {
        guard let members = json?.object?.members, !members.isEmpty else { return nil }
        for member in members {
            guard let rate = member.value.int, Self.range.contains(rate) else { continue }
            if member.key == Self.everyOther {
                other = rate
            } else {
                named[Self.folded(member.key)] = rate
            }
        }
    }

    /// Nil when there is no limit for it.
    package func rate(of domain: String) -> Int? { named[domain] ?? other }

    /// Where mail for an address goes, folded; empty for what is no address.
    package static func domain(of address: String) -> String {
        guard let at = address.utf8.lastIndex(of: 0x40) else { return "" }
        return folded(address[address.index(after: at)...])
    }

    private static func folded(_ domain: some StringProtocol) -> String {
        domain.utf8.contains { (0x41...0x5A).contains($0) || $0 >= 0x80 } ? domain.lowercased() : String(domain)
    }

    /// Throws 400 with the member that is wrong.
    package static func check(_ json: JSON, at path: WirePath) throws(APIError) {
        guard let members = json.object?.members else { throw path.refusal("must be a JSON object") }
        guard members.count <= limit else {
            throw path.refusal("must have at most \(limit) members; got \(members.count)")
        }
        var seen: Set<String> = []
        for member in members {
            let place = path.member(member.key)
            guard member.key == everyOther || isDomain(member.key) else {
                throw place.refusal("must be named for a domain, such as example.com, or be *")
            }
            guard seen.insert(folded(member.key)).inserted else { throw place.refusal("names a domain twice") }
            guard let rate = member.value.int, range.contains(rate) else {
                throw place.refusal(
                    "must be an integer from \(range.lowerBound) to \(range.upperBound): messages per second")
            }
        }
    }

    private static func isDomain(_ text: String) -> Bool {
        let labels = text.utf8.split(separator: 0x2E, omittingEmptySubsequences: false)
        return text.utf8.count <= 253 && labels.count >= 2
            && labels.allSatisfy { label in
                (1...63).contains(label.count) && label.first != 0x2D && label.last != 0x2D
                    && label.allSatisfy { byte in
                        switch byte {
                        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x80...0xFF, 0x2D: true
                        case _: false
                        }
                    }
            }
    }
}
