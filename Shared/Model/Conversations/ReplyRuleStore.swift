package import Core
package import Crypto
import PinpointAPI
package import Postgres

/// A rule as it is stored, its secrets opened.
package struct StoredReplyRule: Sendable {
    package var id: HexID<Noun.ReplyRule>
    package var rule: ReplyRule
    /// By the number of their action.
    package var secrets: JSONObject
    package var createdAt: Instant
    package var modifiedAt: Instant
}

/// The tables `reply_rules` and `reply_rule_tokens`.
package enum ReplyRuleStore {
    /// - Throws: `Fault(.invalid)` when the app has too many.
    package static func put(
        _ app: AppID, _ id: HexID<Noun.ReplyRule>, _ rule: ReplyRule, secrets: JSONObject, key: MasterKey, now: Instant,
        in session: Session
    ) async throws {
        let sealed: SQLBind =
            secrets.isEmpty ? .null(.bytea) : .bytes(try key.seal(JSON.object(secrets).serialized, at: place(app, id)))
        let rows = try await session.query(
            """
            INSERT INTO reply_rules (app, id, name, position, enabled, definition, secrets, created_at, modified_at)
            VALUES (\(app), \(id), \(rule.name), \(Int32(rule.position)), \(rule.isEnabled),
                    \(SQLBind.jsonb(JSON.object(rule.definition).serialized)), \(sealed), \(now), \(now))
            ON CONFLICT (app, id) DO UPDATE
               SET name = excluded.name, position = excluded.position, enabled = excluded.enabled,
                   definition = excluded.definition, secrets = excluded.secrets, modified_at = excluded.modified_at
            RETURNING xmax = 0, (SELECT count(*) FROM reply_rules WHERE app = \(app))
            """)
        guard let row = rows.first else { throw Fault(.integrity, "a rule was not stored") }
        let isNew: Bool = try row.get(0)
        let others: Int = try row.get(1)
        guard !isNew || others < ReplyRule.perApp else {
            throw Fault(.invalid, "An app has at most \(ReplyRule.perApp) reply rules")
        }
    }

    /// In the order in which they are asked.
    package static func list(
        _ app: AppID, onlyEnabled: Bool = false, key: MasterKey, in session: Session
    ) async throws -> [StoredReplyRule] {
        let rows = try await session.query(
            """
            SELECT id, definition, secrets, created_at, modified_at
              FROM reply_rules
             WHERE app = \(app) AND (enabled OR NOT \(onlyEnabled))
             ORDER BY position, created_at, id
            """)
        return try rows.map { try rule($0, of: app, key) }
    }

    package static func find(
        _ app: AppID, _ id: HexID<Noun.ReplyRule>, key: MasterKey, in session: Session
    ) async throws -> StoredReplyRule? {
        let rows = try await session.query(
            """
            SELECT id, definition, secrets, created_at, modified_at FROM reply_rules WHERE app = \(app) AND id = \(id)
            """)
        return try rows.first.map { try rule($0, of: app, key) }
    }

    package static func delete(_ app: AppID, _ id: HexID<Noun.ReplyRule>, in session: Session) async throws -> Bool {
        _ = try await session.execute("DELETE FROM reply_rule_tokens WHERE app = \(app) AND rule = \(id)")
        return try await session.execute("DELETE FROM reply_rules WHERE app = \(app) AND id = \(id)") == 1
    }

    private static func rule(_ row: Row, of app: AppID, _ key: MasterKey) throws -> StoredReplyRule {
        let id: HexID<Noun.ReplyRule> = try row.get(0)
        var secrets: JSONObject = [:]
        if let sealed: [UInt8] = try row.get(2) {
            secrets = try JSON.parse(key.open(sealed, at: place(app, id))).object ?? [:]
        }
        var none: JSONObject = [:]
        let rule: ReplyRule
        do {
            rule = try ReplyRule(try row.get(1), secrets: &none)
        } catch let error as APIError {
            throw Fault(.integrity, "The stored rule \(id) of app \(app) is not valid", cause: error)
        }
        return StoredReplyRule(
            id: id, rule: rule, secrets: secrets, createdAt: try row.get(3), modifiedAt: try row.get(4))
    }

    private static func place(_ app: AppID, _ id: HexID<Noun.ReplyRule>) -> SealedPlace {
        SealedPlace(table: "reply_rules", column: "secrets", account: app.description, id: id.description)
    }

    // MARK: Tokens

    private static func month(_ now: Instant) -> Day {
        let (year, month, _) = now.day.civil
        return Day(year: year, month: month, day: 1)
    }

    package static func tokens(
        _ app: AppID, _ rule: HexID<Noun.ReplyRule>, now: Instant, in session: Session
    ) async throws -> Int {
        let rows = try await session.query(
            """
            SELECT tokens FROM reply_rule_tokens WHERE app = \(app) AND rule = \(rule) AND month = \(month(now))
            """)
        return try rows.first?.get(0) ?? 0
    }

    /// Takes `tokens` off the month's budget before they are used, so that calls side by side do not pass it together. False, and
    /// nothing taken, when there are not that many left. A negative number gives back.
    package static func spend(
        _ app: AppID, _ rule: HexID<Noun.ReplyRule>, tokens: Int, of budget: Int, now: Instant, in session: Session
    ) async throws -> Bool {
        guard tokens <= budget else { return false }
        let spent = try await session.execute(
            """
            INSERT INTO reply_rule_tokens AS t (app, rule, month, tokens)
            VALUES (\(app), \(rule), \(month(now)), \(tokens))
            ON CONFLICT (app, rule, month) DO UPDATE SET tokens = t.tokens + excluded.tokens
             WHERE t.tokens + excluded.tokens <= \(budget) OR excluded.tokens <= 0
            """)
        return spent == 1
    }
}
