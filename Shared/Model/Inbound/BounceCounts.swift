package import Core
package import Postgres

/// The table `bounce_counts`: what `BounceRules` remembers.
package enum BounceCounts {
    /// One receipt, as far as it concerns an address.
    package struct Sign: Sendable, Equatable {
        package var channel: String
        /// By `SuppressionHasher`.
        package var addressHash: [UInt8]
        package var kind: Receipt.Kind
        /// Enhanced status (RFC 3463), if there is one: `Receipt.attributes["status"]`.
        package var status: String?
        package var at: Instant

        package init(channel: String, addressHash: [UInt8], kind: Receipt.Kind, status: String? = nil, at: Instant) {
            self.channel = channel
            self.addressHash = addressHash
            self.kind = kind
            self.status = status
            self.at = at
        }
    }

    private struct Key: Hashable {
        let channel: String
        let hash: [UInt8]
    }

    /// Takes signs of one app, in their order, and says for each why its address is to be suppressed now, or nil. Each sign is to be
    /// given once (the caller knows repeated receipts). Idle receipts cost nothing: without a soft bounce among them, one DELETE
    /// for signs of life, or no statement.
    package static func settle(
        _ signs: [Sign], of app: AppID, rules: BounceRules = .standard, in session: Session
    ) async throws -> [SuppressionReason?] {
        // In one order for all transactions, so that two of them wait for each other and never lock each other out.
        let keys = Set(signs.filter { concerns($0.kind) }.map { Key(channel: $0.channel, hash: $0.addressHash) })
            .sorted { ($0.channel, $0.hash.hexadecimal) < ($1.channel, $1.hash.hexadecimal) }
        guard !keys.isEmpty else { return signs.map { _ in nil } }
        let known = try await load(keys, of: app, in: session)
        var histories = known
        var reasons: [SuppressionReason?] = []
        for sign in signs {
            let key = Key(channel: sign.channel, hash: sign.addressHash)
            let decision = rules.decide(
                sign.kind, channel: sign.channel, status: sign.status, history: histories[key], at: sign.at)
            histories[key] = decision.history
            reasons.append(decision.suppress)
        }
        var statements: [SQL] = []
        let gone = keys.filter { known[$0] != nil && histories[$0] == nil }
        if !gone.isEmpty { statements.append(removal(of: gone, app)) }
        let changed = keys.filter { histories[$0] != nil && histories[$0] != known[$0] }
        if !changed.isEmpty {
            statements.append(upsert(changed.compactMap { key in histories[key].map { (key, $0) } }, app))
        }
        if !statements.isEmpty { _ = try await session.batch(statements) }
        return reasons
    }

    private static func concerns(_ kind: Receipt.Kind) -> Bool {
        switch kind {
        case .softBounce, .hardBounce, .complaint, .optOut, .optIn, .delivered, .open, .click, .read, .answered,
            .keyPress:
            true
        case .sent, .buffered, .rejected, .expired, .busy, .noAnswer: false
        }
    }

    private static func load(
        _ keys: [Key], of app: AppID, in session: Session
    ) async throws -> [Key: BounceRules.History] {
        let rows = try await session.query(
            """
            SELECT c.channel, c.address_hash, c.bounces, c.first_at, c.last_at
              FROM bounce_counts c
              JOIN unnest(\(keys.map(\.channel)), \(SQLBind.bytesArray(keys.map(\.hash)))) AS w (channel, hash)
                ON c.channel = w.channel AND c.address_hash = w.hash
             WHERE c.app = \(app)
             ORDER BY c.channel, c.address_hash
               FOR UPDATE OF c
            """)
        var known: [Key: BounceRules.History] = [:]
        for row in rows {
            let bounces: Int32 = try row.get(2)
            known[Key(channel: try row.get(0), hash: try row.get(1))] = BounceRules.History(
                bounces: Int(bounces), first: try row.get(3), last: try row.get(4))
        }
        return known
    }

    private static func removal(of keys: [Key], _ app: AppID) -> SQL {
        """
        DELETE FROM bounce_counts c
         USING unnest(\(keys.map(\.channel)), \(SQLBind.bytesArray(keys.map(\.hash)))) AS w (channel, hash)
         WHERE c.app = \(app) AND c.channel = w.channel AND c.address_hash = w.hash
        """
    }

    /// A first bounce that another transaction counted meanwhile counts too.
    private static func upsert(_ entries: [(key: Key, history: BounceRules.History)], _ app: AppID) -> SQL {
        """
        INSERT INTO bounce_counts AS c (app, channel, address_hash, bounces, first_at, last_at)
        SELECT \(app), w.channel, w.hash, w.bounces, w.first_at, w.last_at
          FROM unnest(\(entries.map(\.key.channel)), \(SQLBind.bytesArray(entries.map(\.key.hash))),
                      \(entries.map { Int32($0.history.bounces) }), \(SQLBind.instantArray(entries.map(\.history.first))),
                      \(SQLBind.instantArray(entries.map(\.history.last))))
                 AS w (channel, hash, bounces, first_at, last_at)
        ON CONFLICT (app, channel, address_hash) DO UPDATE
           SET bounces = greatest(excluded.bounces, c.bounces + 1),
               first_at = least(c.first_at, excluded.first_at), last_at = greatest(c.last_at, excluded.last_at)
        """
    }
}

extension [UInt8] {
    fileprivate var hexadecimal: String { Hex.lowercase(self) }
}
