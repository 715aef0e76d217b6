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
        _ name: String, _ content: EmailTemplateRequest, account: String, now: Instant, in session: Session
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
            VALUES (\(account), \(name), 'EMAIL', 1, 1, 1, \(now), \(now))
            ON CONFLICT (account, name, type) DO NOTHING
            """
        )
        guard created == 1 else { return false }
        try await insertVersion(1, of: name, content, account: account, now: now, in: session)
        if let tags = content.tags, !tags.isEmpty {
            try await TagStore.replace(tags, of: .template(name: name, .email), account: account, in: session)
        }
        return true
    }

    /// Replaces the content of the latest version, or adds a version that is not active yet; returns its number, nil when
    /// there is no such template. Tags are left alone, as in Pinpoint.
    ///
    /// - Throws: `Fault(.invalid)` when `expected` is not the latest version, or there are too many.
    package static func update(
        _ name: String, _ content: EmailTemplateRequest, createsVersion: Bool, expected: Int32?, account: String,
        now: Instant, in session: Session
    ) async throws -> Int32? {
        let rows = try await session.query(
            """
            SELECT version, last_version
              FROM templates
             WHERE account = \(account) AND name = \(name) AND type = 'EMAIL' AND deleted_at IS NULL
               FOR UPDATE
            """
        )
        guard let row = rows.first else { return nil }
        let (latest, last): (Int32, Int32) = (try row.get(0), try row.get(1))
        if let expected, expected != latest {
            throw Fault(.invalid, "version must be the latest version, \(latest); got \(expected)")
        }
        if createsVersion {
            try await checkVersionCount(name, account: account, in: session)
            try await insertVersion(last + 1, of: name, content, account: account, now: now, in: session)
        } else {
            try await session.execute(
                """
                UPDATE template_versions
                   SET content = \(content.stored), modified_at = \(now)
                 WHERE account = \(account) AND name = \(name) AND type = 'EMAIL' AND version = \(latest)
                """
            )
        }
        let version = createsVersion ? last + 1 : latest
        try await session.execute(
            """
            UPDATE templates
               SET version = \(version), last_version = greatest(last_version, \(version)), modified_at = \(now)
             WHERE account = \(account) AND name = \(name) AND type = 'EMAIL'
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
    package static func delete(_ name: String, account: String, in session: Session) async throws -> Bool {
        let deleted = try await session.execute(
            "DELETE FROM templates WHERE account = \(account) AND name = \(name) AND type = 'EMAIL'"
        )
        guard deleted == 1 else { return false }
        try await session.execute(
            "DELETE FROM template_versions WHERE account = \(account) AND name = \(name) AND type = 'EMAIL'"
        )
        try await TagStore.removeAll(of: .template(name: name, .email), account: account, in: session)
        return true
    }

    /// One version; the last one takes the template with it. False when there was none.
    ///
    /// - Throws: `Fault(.invalid)` for the active one while there are others: sends would be left without content.
    package static func delete(
        version: Int32, of name: String, account: String, in session: Session
    ) async throws -> Bool {
        let rows = try await session.query(
            """
            SELECT t.active_version, ARRAY (
                       SELECT v.version FROM template_versions v
                        WHERE v.account = t.account AND v.name = t.name AND v.type = t.type
                        ORDER BY v.version DESC LIMIT 2)
              FROM templates t
             WHERE t.account = \(account) AND t.name = \(name) AND t.type = 'EMAIL'
               FOR UPDATE
            """
        )
        guard let row = rows.first else { return false }
        let (active, newest): (Int32, [Int32]) = (try row.get(0), try row.get(1))
        if newest == [version] { return try await delete(name, account: account, in: session) }
        guard version != active else {
            throw Fault(.invalid, "version \(version) is the active version; activate another one before you delete it")
        }
        let deleted = try await session.execute(
            """
            DELETE FROM template_versions
             WHERE account = \(account) AND name = \(name) AND type = 'EMAIL' AND version = \(version)
            """
        )
        guard deleted == 1 else { return false }
        if newest.first == version, let latest = newest.last {
            try await session.execute(
                """
                UPDATE templates SET version = \(latest)
                 WHERE account = \(account) AND name = \(name) AND type = 'EMAIL'
                """
            )
        }
        return true
    }

    private static func insertVersion(
        _ version: Int32, of name: String, _ content: EmailTemplateRequest, account: String, now: Instant,
        in session: Session
    ) async throws {
        try await session.execute(
            """
            INSERT INTO template_versions (account, name, type, version, content, created_at, modified_at)
            VALUES (\(account), \(name), 'EMAIL', \(version), \(content.stored), \(now), \(now))
            """
        )
    }

    private static func checkVersionCount(_ name: String, account: String, in session: Session) async throws {
        let count: Int =
            try await session.query(
                "SELECT count(*) FROM template_versions WHERE account = \(account) AND name = \(name) AND type = 'EMAIL'"
            ).first?.get(0) ?? 0
        guard count < versionsPerTemplate else {
            throw Fault(.invalid, "A template has at most \(versionsPerTemplate) versions; delete some")
        }
    }

    // MARK: Reading

    package static func email(
        _ name: String, version: WantedTemplateVersion, account: String, in session: Session
    ) async throws -> StoredEmailTemplate? {
        let templates = try await emails("AND v.version = \(number(version))", of: name, account: account, in: session)
        guard var template = templates.first else { return nil }
        let resource = ARN.Resource.template(name: name, .email)
        template.tags = try await TagStore.tags(of: [resource], account: account, in: session)[resource] ?? [:]
        return template
    }

    /// Newest first, without tags; empty when there is no such template.
    package static func emailVersions(
        _ name: String, before: Int32?, limit: Int, account: String, in session: Session
    ) async throws -> [StoredEmailTemplate] {
        let start: SQL = before.map { "AND v.version < \($0)" } ?? .empty
        return try await emails(
            "\(start) ORDER BY v.version DESC LIMIT \(limit)", of: name, account: account, in: session)
    }

    private static func emails(
        _ condition: SQL, of name: String, account: String, in session: Session
    ) async throws -> [StoredEmailTemplate] {
        let rows = try await session.query(
            """
            SELECT v.version, v.content, v.created_at, v.modified_at
              FROM templates t
              JOIN template_versions v ON v.account = t.account AND v.name = t.name AND v.type = t.type
             WHERE t.account = \(account) AND t.name = \(name) AND t.type = 'EMAIL' AND t.deleted_at IS NULL
            \(condition)
            """
        )
        return try rows.map { row in
            let content: EmailTemplateRequest
            do {
                content = try EmailTemplateRequest(json: try row.get(1), at: .root)
            } catch let error as APIError {
                throw Fault(.integrity, "The stored e-mail template \(name) is not valid", cause: error)
            }
            return StoredEmailTemplate(
                account: account, name: name, version: try row.get(0), content: content, createdAt: try row.get(2),
                modifiedAt: try row.get(3), tags: [:])
        }
    }

    /// By name, then type.
    package static func list(
        account: String, prefix: String?, type: TemplateType?, after: (name: String, type: TemplateType)?, limit: Int,
        in session: Session
    ) async throws -> [ListedTemplate] {
        let start: SQL = after.map { "AND (t.name, t.type) > (\($0.name), \($0.type.rawValue))" } ?? .empty
        let ofType: SQL = type.map { "AND t.type = \($0.rawValue)" } ?? .empty
        let named: SQL = prefix.map { "AND starts_with(t.name, \($0))" } ?? .empty
        let rows = try await session.query(
            """
            SELECT t.name, t.type, t.active_version, t.created_at, t.modified_at, v.content->>'DefaultSubstitutions'
              FROM templates t
              JOIN template_versions v ON v.account = t.account AND v.name = t.name AND v.type = t.type
                                      AND v.version = t.active_version
             WHERE t.account = \(account) AND t.deleted_at IS NULL \(ofType) \(named) \(start)
             ORDER BY t.name, t.type
             LIMIT \(limit)
            """
        )
        var templates = try rows.map { row in
            let type: String = try row.get(1)
            guard let type = TemplateType(rawValue: type) else {
                throw Fault(.integrity, "A stored template has the type \(type)")
            }
            return ListedTemplate(
                account: account, name: try row.get(0), type: type, activeVersion: try row.get(2),
                createdAt: try row.get(3), modifiedAt: try row.get(4), defaultSubstitutions: try row.get(5), tags: [:])
        }
        let tags = try await TagStore.tags(of: templates.map(\.resource), account: account, in: session)
        for index in templates.indices { templates[index].tags = tags[templates[index].resource] ?? [:] }
        return templates
    }

    /// The number of a version, in a statement over `templates t`.
    private static func number(_ version: WantedTemplateVersion) -> SQL {
        switch version {
        case .active: "t.active_version"
        case .latest: "t.version"
        case .number(let number): "\(number)"
        }
    }
}

extension EmailTemplateRequest {
    fileprivate var stored: SQLBind {
        var content = self
        content.tags = nil
        return .jsonb(content.json.serialized)
    }
}
