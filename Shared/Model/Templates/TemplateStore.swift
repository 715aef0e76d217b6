package import Core
package import PinpointAPI
package import Postgres

/// The tables `templates` and `template_versions`. Templates belong to the account and outlive apps. A run keeps a copy of
/// what it sends, so that a template may be changed and deleted at any time.
package enum TemplateStore {
    package static let templatesPerAccount = 20_000
    package static let versionsPerTemplate = 5000

    // MARK: Writing

    /// Version 1, active at once. False when there is one of that name and type.
    ///
    /// - Throws: `Fault(.invalid)` when the account has too many.
    package static func create(
        _ name: String, _ content: TemplateContent, account: String, now: Instant, in session: Session
    ) async throws -> Bool {
        let count: Int =
            try await session.query(
                "SELECT count(*) FROM templates WHERE account = \(account)"
            ).first?.get(0) ?? 0
        guard count < templatesPerAccount else {
            throw Fault(.invalid, "An account has at most \(templatesPerAccount) templates")
        }
        let created = try await session.execute(
            """
            INSERT INTO templates (account, name, type, version, active_version, last_version, created_at, modified_at)
            VALUES (\(account), \(name), \(content.type.rawValue), 1, 1, 1, \(now), \(now))
            ON CONFLICT (account, name, type) DO NOTHING
            """
        )
        guard created == 1 else { return false }
        try await insertVersion(1, of: name, content, account: account, now: now, in: session)
        if !content.tags.isEmpty {
            let resource = ARN.Resource.template(name: name, content.type)
            try await TagStore.replace(content.tags, of: resource, account: account, in: session)
        }
        return true
    }

    /// Replaces the content of the latest version, or adds a version that is not active yet; returns its number, nil when
    /// there is no such template. Tags are left alone, as in Pinpoint; so is the extension when `content` has none.
    ///
    /// - Throws: `Fault(.invalid)` when `expected` is not the latest version, or there are too many.
    package static func update(
        _ name: String, _ content: TemplateContent, createsVersion: Bool, expected: Int32?, account: String,
        now: Instant, in session: Session
    ) async throws -> Int32? {
        let type = content.type.rawValue
        let rows = try await session.query(
            """
            SELECT t.version, t.last_version, v.content -> \(TemplateContent.extensions)
              FROM templates t
              LEFT JOIN template_versions v ON v.account = t.account AND v.name = t.name AND v.type = t.type
                                           AND v.version = t.version
             WHERE t.account = \(account) AND t.name = \(name) AND t.type = \(type) AND t.deleted_at IS NULL
               FOR UPDATE OF t
            """
        )
        guard let row = rows.first else { return nil }
        let (latest, last): (Int32, Int32) = (try row.get(0), try row.get(1))
        if let expected, expected != latest {
            throw Fault(.invalid, "version must be the latest version, \(latest); got \(expected)")
        }
        var content = content
        if content.members[TemplateContent.extensions] == nil {
            content.members[TemplateContent.extensions] = try row.get(2)
        }
        if createsVersion {
            try await checkVersionCount(name, content.type, account: account, in: session)
            try await insertVersion(last + 1, of: name, content, account: account, now: now, in: session)
        } else {
            try await session.execute(
                """
                UPDATE template_versions
                   SET content = \(content.stored), modified_at = \(now)
                 WHERE account = \(account) AND name = \(name) AND type = \(type) AND version = \(latest)
                """
            )
        }
        let version = createsVersion ? last + 1 : latest
        try await session.execute(
            """
            UPDATE templates
               SET version = \(version), last_version = greatest(last_version, \(version)), modified_at = \(now)
             WHERE account = \(account) AND name = \(name) AND type = \(type)
            """
        )
        return version
    }

    /// What sends use from now on. False when there is no such template or version.
    package static func activate(
        _ version: WantedTemplateVersion, of name: String, type: TemplateType, account: String, in session: Session
    ) async throws -> Bool {
        let changed = try await session.execute(
            """
            UPDATE templates t
               SET active_version = v.version
              FROM template_versions v
             WHERE t.account = \(account) AND t.name = \(name) AND t.type = \(type.rawValue) AND t.deleted_at IS NULL
               AND v.account = t.account AND v.name = t.name AND v.type = t.type AND v.version = \(number(version))
            """
        )
        return changed == 1
    }

    /// The template with all its versions and tags. False when there was none.
    package static func delete(
        _ name: String, type: TemplateType, account: String, in session: Session
    ) async throws -> Bool {
        let deleted = try await session.execute(
            "DELETE FROM templates WHERE account = \(account) AND name = \(name) AND type = \(type.rawValue)"
        )
        guard deleted == 1 else { return false }
        try await session.execute(
            "DELETE FROM template_versions WHERE account = \(account) AND name = \(name) AND type = \(type.rawValue)"
        )
        try await TagStore.removeAll(of: .template(name: name, type), account: account, in: session)
        return true
    }

    /// One version; the last one takes the template with it. False when there was none.
    ///
    /// - Throws: `Fault(.invalid)` for the active one while there are others: sends would be left without content.
    package static func delete(
        version: Int32, of name: String, type: TemplateType, account: String, in session: Session
    ) async throws -> Bool {
        let rows = try await session.query(
            """
            SELECT t.active_version, ARRAY (
                       SELECT v.version FROM template_versions v
                        WHERE v.account = t.account AND v.name = t.name AND v.type = t.type
                        ORDER BY v.version DESC LIMIT 2)
              FROM templates t
             WHERE t.account = \(account) AND t.name = \(name) AND t.type = \(type.rawValue)
               FOR UPDATE
            """
        )
        guard let row = rows.first else { return false }
        let (active, newest): (Int32, [Int32]) = (try row.get(0), try row.get(1))
        if newest == [version] { return try await delete(name, type: type, account: account, in: session) }
        guard version != active else {
            throw Fault(.invalid, "version \(version) is the active version; activate another one before you delete it")
        }
        let deleted = try await session.execute(
            """
            DELETE FROM template_versions
             WHERE account = \(account) AND name = \(name) AND type = \(type.rawValue) AND version = \(version)
            """
        )
        guard deleted == 1 else { return false }
        if newest.first == version, let latest = newest.last {
            try await session.execute(
                """
                UPDATE templates SET version = \(latest)
                 WHERE account = \(account) AND name = \(name) AND type = \(type.rawValue)
                """
            )
        }
        return true
    }

    private static func insertVersion(
        _ version: Int32, of name: String, _ content: TemplateContent, account: String, now: Instant,
        in session: Session
    ) async throws {
        try await session.execute(
            """
            INSERT INTO template_versions (account, name, type, version, content, created_at, modified_at)
            VALUES (\(account), \(name), \(content.type.rawValue), \(version), \(content.stored), \(now), \(now))
            """
        )
    }

    private static func checkVersionCount(
        _ name: String, _ type: TemplateType, account: String, in session: Session
    ) async throws {
        let count: Int =
            try await session.query(
                """
                SELECT count(*) FROM template_versions
                 WHERE account = \(account) AND name = \(name) AND type = \(type.rawValue)
                """
            ).first?.get(0) ?? 0
        guard count < versionsPerTemplate else {
            throw Fault(.invalid, "A template has at most \(versionsPerTemplate) versions; delete some")
        }
    }
}
