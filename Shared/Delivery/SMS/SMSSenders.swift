package import Core
import Crypto
import Glibc
package import Model

/// What an app's SMS channel says about sending: Pinpoint's own fields and ours under `Needletail`.
package struct SMSSenders: Sendable, Equatable {
    /// One number or name that texts come from.
    struct Sender: Sendable, Equatable {
        var identity: String
        /// Where it may be used; empty: everywhere.
        var countries: Set<String>
        var weight: Double
    }

    private let pool: [Sender]
    private let shortCode: String?
    private let senderID: String?
    /// Typographic characters are made plain where that saves a text its 7-bit alphabet.
    package let isSmart: Bool

    /// More than any operator has; the request that writes them is checked.
    private static let poolLimit = 100

    /// `channel`: `ShortCode`, `SenderId`, `Needletail.Senders: [{"Number" | "SenderId", "Countries": ["US"], "Weight": 1}]`,
    /// `Needletail.SmartEncoding`.
    package init(channel: JSONObject) {
        let own = channel["Needletail"]
        pool = (own?["Senders"]?.array ?? []).prefix(Self.poolLimit).compactMap { json in
            guard let identity = json["Number"]?.string ?? json["SenderId"]?.string, !identity.isEmpty else {
                return nil
            }
            let countries = json["Countries"]?.array?.compactMap { $0.string?.uppercased() } ?? []
            let weight = json["Weight"]?.number ?? 1
            return weight > 0 ? Sender(identity: identity, countries: Set(countries), weight: weight) : nil
        }
        shortCode = Self.text(channel["ShortCode"])
        senderID = Self.text(channel["SenderId"])
        isSmart = own?["SmartEncoding"]?.bool ?? false
    }

    /// The campaign's own comes first, then the pool's for the country, then the channel's; nil: the provider's choice.
    package func sender(of content: RunPlan.SMSContent, to number: PhoneNumber) -> String? {
        if let own = content.originationNumber ?? content.senderID, !own.isEmpty { return own }
        return pooled(for: number) ?? shortCode ?? senderID
    }

    /// The same for a person as long as it is in the pool: a conversation does not change its number.
    private func pooled(for number: PhoneNumber) -> String? {
        if pool.isEmpty { return nil }
        let country = number.country
        // Those for the country alone come before those for everywhere.
        let local = pool.filter { sender in country.map { sender.countries.contains($0) } ?? false }
        let candidates = local.isEmpty ? pool.filter(\.countries.isEmpty) : local
        return candidates.max { Self.score($0, number) < Self.score($1, number) }?.identity
    }

    /// Weighted rendezvous hashing (Thaler & Ravishankar 1998; the logarithm is Schindelhauer & Schomaker's of 2005): a sender that comes or goes
    /// moves only the people it gets or had.
    private static func score(_ sender: Sender, _ number: PhoneNumber) -> Double {
        let word = SHA256.words(Array("\(sender.identity)\n\(number.text)".utf8)).0
        let draw = (Double(word >> 11) + 0.5) / 9_007_199_254_740_992
        return -sender.weight / log(draw)
    }

    private static func text(_ json: JSON?) -> String? {
        json?.string.flatMap { $0.isEmpty ? nil : $0 }
    }
}
