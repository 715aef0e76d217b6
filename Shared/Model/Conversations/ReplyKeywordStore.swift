package import Core
package import Postgres
import Replies

/// A keyword of a number's own (pinpoint-api §4.5).
package struct ReplyKeyword: Sendable, Equatable {
    package enum Action: String, Sendable, CaseIterable {
        case automaticResponse = "AUTOMATIC_RESPONSE"
        case optOut = "OPT_OUT"
        case optIn = "OPT_IN"
    }

    package static let keywordCharacters = 30
    package static let messageCharacters = 1600
    package static let perNumber = 30
    /// For all numbers of the app that have no keyword of the same text.
    package static let anyNumber = "*"

    package var keyword: String
    package var message: String
    package var action: Action

    package init(keyword: String, message: String, action: Action) {
        self.keyword = keyword
        self.message = message
        self.action = action
    }
}

/// The table `reply_keywords`.
package enum ReplyKeywordStore {
    private static func fold(_ number: String) -> String {
        number == ReplyKeyword.anyNumber ? number : FoldedAddress.fold(number, channel: "SMS")
    }

    /// - Throws: `Fault(.invalid)` when the number has too many.
    package static func put(
        _ app: AppID, _ number: String, _ keyword: ReplyKeyword, now: Instant, in session: Session
    ) async throws {
        let rows = try await session.query(
            """
            INSERT INTO reply_keywords (app, number, folded, keyword, message, action, created_at, modified_at)
            VALUES (\(app), \(fold(number)), \(FoldedText(keyword.keyword).text), \(keyword.keyword), \(keyword.message),
                    \(keyword.action.rawValue), \(now), \(now))
            ON CONFLICT (app, number, folded) DO UPDATE
               SET keyword = excluded.keyword, message = excluded.message, action = excluded.action,
                   modified_at = excluded.modified_at
            RETURNING xmax = 0, (SELECT count(*) FROM reply_keywords WHERE app = \(app) AND number = \(fold(number)))
            """)
        guard let row = rows.first else { throw Fault(.integrity, "a keyword was not stored") }
        let isNew: Bool = try row.get(0)
        let others: Int = try row.get(1)
        guard !isNew || others < ReplyKeyword.perNumber else {
            throw Fault(.invalid, "A number has at most \(ReplyKeyword.perNumber) keywords")
        }
    }

    package static func delete(
        _ app: AppID, _ number: String, _ keyword: String, in session: Session
    ) async throws -> ReplyKeyword? {
        let rows = try await session.query(
            """
            DELETE FROM reply_keywords
             WHERE app = \(app) AND number = \(fold(number)) AND folded = \(FoldedText(keyword).text)
            RETURNING keyword, message, action
            """)
        return try rows.first.map(read)
    }

    /// At most `perNumber`.
    package static func list(_ app: AppID, _ number: String, in session: Session) async throws -> [ReplyKeyword] {
        try await session.query(
            """
            SELECT keyword, message, action FROM reply_keywords
             WHERE app = \(app) AND number = \(fold(number)) ORDER BY folded
            """
        ).map(read)
    }

    /// Those that hold for messages to `number`: its own before those for any number.
    package static func holding(_ app: AppID, _ number: String, in session: Session) async throws -> [ReplyKeyword] {
        try await session.query(
            """
            SELECT keyword, message, action FROM reply_keywords
             WHERE app = \(app) AND number IN (\(fold(number)), \(ReplyKeyword.anyNumber))
             ORDER BY number = \(ReplyKeyword.anyNumber), folded
            """
        ).map(read)
    }

    private static func read(_ row: Row) throws -> ReplyKeyword {
        ReplyKeyword(
            keyword: try row.get(0), message: try row.get(1),
            action: ReplyKeyword.Action(rawValue: try row.get(2)) ?? .automaticResponse)
    }
}
