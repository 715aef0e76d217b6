package import Core
package import Postgres

/// What is to be known of a number that we send from.
package struct SenderNumber: Sendable, Equatable {
    /// Nil: the app's own list.
    package var optOutList: String?
    package var isSelfManaged: Bool

    package init(optOutList: String? = nil, isSelfManaged: Bool = false) {
        self.optOutList = optOutList
        self.isSelfManaged = isSelfManaged
    }
}

/// The tables `sender_numbers`, `opt_out_lists` and `opt_outs`. Numbers are folded as addresses are.
package enum OptOutStore {
    /// The app's own list: what `suppressions` has of STOP, for all senders that have no other.
    package static let defaultList = "Default"
    package static let listsPerApp = 100
    package static let numbersPerApp = 1000

    package struct Entry: Sendable, Equatable {
        package var hash: [UInt8]
        package var at: Instant
        package var isByPerson: Bool

        package init(hash: [UInt8], at: Instant, isByPerson: Bool) {
            self.hash = hash
            self.at = at
            self.isByPerson = isByPerson
        }
    }

    // MARK: Numbers

    package static func sender(_ app: AppID, _ number: String, in session: Session) async throws -> SenderNumber {
        let rows = try await session.query(
            """
            SELECT opt_out_list, self_managed FROM sender_numbers
             WHERE app = \(app) AND number = \(FoldedAddress.fold(number, channel: "SMS"))
            """)
        guard let row = rows.first else { return SenderNumber() }
        return SenderNumber(optOutList: try row.get(0), isSelfManaged: try row.get(1))
    }

    /// - Throws: `Fault(.invalid)` when the app has too many, `.notFound` for a list that is not there.
    package static func setSender(
        _ app: AppID, _ number: String, _ sender: SenderNumber, now: Instant, in session: Session
    ) async throws {
        if let list = sender.optOutList {
            let lists = try await session.query(
                "SELECT 1 FROM opt_out_lists WHERE app = \(app) AND name = \(list) FOR SHARE")
            guard !lists.isEmpty else { throw Fault(.notFound, "There is no opt-out list of that name") }
        }
        let rows = try await session.query("SELECT count(*) FROM sender_numbers WHERE app = \(app)")
        let count: Int = try rows.first?.get(0) ?? 0
        guard count < numbersPerApp else { throw Fault(.invalid, "An app has at most \(numbersPerApp) numbers") }
        try await session.execute(
            """
            INSERT INTO sender_numbers (app, number, opt_out_list, self_managed, modified_at)
            VALUES (\(app), \(FoldedAddress.fold(number, channel: "SMS")), \(sender.optOutList), \(sender.isSelfManaged), \(now))
            ON CONFLICT (app, number) DO UPDATE
               SET opt_out_list = excluded.opt_out_list, self_managed = excluded.self_managed,
                   modified_at = excluded.modified_at
            """)
    }

    // MARK: Lists

    /// False when it is there already.
    package static func createList(_ app: AppID, _ name: String, now: Instant, in session: Session) async throws -> Bool
    {
        let rows = try await session.query("SELECT count(*) FROM opt_out_lists WHERE app = \(app)")
        let count: Int = try rows.first?.get(0) ?? 0
        guard count < listsPerApp else { throw Fault(.invalid, "An app has at most \(listsPerApp) opt-out lists") }
        return try await session.execute(
            """
            INSERT INTO opt_out_lists (app, name, created_at) VALUES (\(app), \(name), \(now)) ON CONFLICT DO NOTHING
            """) == 1
    }

    /// By name, without the app's own.
    package static func lists(
        _ app: AppID, after: String?, limit: Int, in session: Session
    ) async throws -> [(name: String, createdAt: Instant)] {
        let start: SQL = after.map { "AND name > \($0)" } ?? .empty
        let rows = try await session.query(
            """
            SELECT name, created_at FROM opt_out_lists WHERE app = \(app) \(start) ORDER BY name LIMIT \(limit)
            """)
        return try rows.map { (try $0.get(0), try $0.get(1)) }
    }

    package static func hasList(_ app: AppID, _ name: String, in session: Session) async throws -> Bool {
        if name == defaultList { return true }
        return try await !session.query(
            "SELECT 1 FROM opt_out_lists WHERE app = \(app) AND name = \(name)"
        ).isEmpty
    }

    /// - Throws: `.conflict` while a number uses it: its opt-outs would be forgotten.
    package static func deleteList(_ app: AppID, _ name: String, in session: Session) async throws -> Bool {
        let deleted = try await session.execute("DELETE FROM opt_out_lists WHERE app = \(app) AND name = \(name)")
        let users = try await session.query(
            "SELECT 1 FROM sender_numbers WHERE app = \(app) AND opt_out_list = \(name) LIMIT 1")
        guard users.isEmpty else { throw Fault(.conflict, "A number uses the list; give it another one first") }
        try await session.execute("DELETE FROM opt_outs WHERE app = \(app) AND list = \(name)")
        return deleted == 1
    }

    // MARK: Entries

    /// On the list, at the gate from the commit on. False when it was there already.
    @discardableResult
    package static func add(
        _ app: AppID, list: String?, hash: [UInt8], channel: String = "SMS", isByPerson: Bool, source: JSON,
        now: Instant, in session: Session
    ) async throws -> Bool {
        guard let list, list != defaultList else {
            return try await SuppressionStore.add(
                app, channel: channel, hash: hash, reason: .stop, source: source, now: now, in: session)
        }
        return try await session.execute(
            """
            INSERT INTO opt_outs (app, list, address_hash, by_person, at)
            VALUES (\(app), \(list), \(SQLBind.bytes(hash)), \(isByPerson), \(now))
            ON CONFLICT DO NOTHING
            """) == 1
    }

    /// Off the list. Of the app's own only what a person's wish has put there: a dead or complaining address stays where it is.
    @discardableResult
    package static func remove(
        _ app: AppID, list: String?, hash: [UInt8], channel: String = "SMS", now: Instant, in session: Session
    ) async throws -> Bool {
        guard let list, list != defaultList else {
            let wishes = [SuppressionReason.stop.rawValue, SuppressionReason.unsubscribe.rawValue]
            return try await session.execute(
                """
                WITH changed AS (
                    DELETE FROM suppressions
                     WHERE app = \(app) AND channel = \(channel) AND address_hash = \(SQLBind.bytes(hash))
                       AND reason = ANY (\(wishes))
                    RETURNING app, address_hash)
                \(ChangeLog.rowsOfChangedAddresses(at: now))
                """) == 1
        }
        return try await session.execute(
            "DELETE FROM opt_outs WHERE app = \(app) AND list = \(list) AND address_hash = \(SQLBind.bytes(hash))"
        ) == 1
    }

    package static func entry(
        _ app: AppID, list: String?, hash: [UInt8], channel: String = "SMS", in session: Session
    ) async throws -> Entry? {
        let rows: [Row]
        if let list, list != defaultList {
            rows = try await session.query(
                """
                SELECT address_hash, at, by_person FROM opt_outs
                 WHERE app = \(app) AND list = \(list) AND address_hash = \(SQLBind.bytes(hash))
                """)
        } else {
            rows = try await session.query(
                """
                SELECT address_hash, created_at, coalesce(source->>'from', '') = 'reply' FROM suppressions
                 WHERE app = \(app) AND channel = \(channel) AND address_hash = \(SQLBind.bytes(hash))
                   AND reason IN ('STOP', 'UNSUBSCRIBE')
                """)
        }
        return try rows.first.map { Entry(hash: try $0.get(0), at: try $0.get(1), isByPerson: try $0.get(2)) }
    }

    /// In the order of hashes, which is none.
    package static func entries(
        _ app: AppID, list: String, after: [UInt8]?, limit: Int, in session: Session
    ) async throws -> [Entry] {
        let start: SQL = after.map { "AND address_hash > \(SQLBind.bytes($0))" } ?? .empty
        let rows: [Row]
        if list == defaultList {
            rows = try await session.query(
                """
                SELECT address_hash, created_at, coalesce(source->>'from', '') = 'reply' FROM suppressions
                 WHERE app = \(app) AND channel = 'SMS' AND reason = 'STOP' \(start)
                 ORDER BY address_hash LIMIT \(limit)
                """)
        } else {
            rows = try await session.query(
                """
                SELECT address_hash, at, by_person FROM opt_outs
                 WHERE app = \(app) AND list = \(list) \(start)
                 ORDER BY address_hash LIMIT \(limit)
                """)
        }
        return try rows.map { Entry(hash: try $0.get(0), at: try $0.get(1), isByPerson: try $0.get(2)) }
    }
}
