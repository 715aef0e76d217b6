import Core
package import PinpointAPI
package import Postgres

extension TemplateStore {
    /// Nil when there is no such template or version.
    package static func template(
        _ name: String, type: TemplateType, version: WantedTemplateVersion, account: String, in session: Session
    ) async throws -> StoredTemplate? {
        let found = try await templates(
            "AND v.version = \(number(version))", of: name, type, account: account, in: session)
        guard var template = found.first else { return nil }
        template.tags =
            try await TagStore.tags(of: [template.resource], account: account, in: session)[template.resource] ?? [:]
        return template
    }

    /// Newest first, without tags; empty when there is no such template.
    package static func versions(
        _ name: String, type: TemplateType, before: Int32?, limit: Int, account: String, in session: Session
    ) async throws -> [StoredTemplate] {
        let start: SQL = before.map { "AND v.version < \($0)" } ?? .empty
        return try await templates(
            "\(start) ORDER BY v.version DESC LIMIT \(limit)", of: name, type, account: account, in: session)
    }

    private static func templates(
        _ condition: SQL, of name: String, _ type: TemplateType, account: String, in session: Session
    ) async throws -> [StoredTemplate] {
        let rows = try await session.query(
            """
            SELECT v.version, v.content, v.created_at, v.modified_at
              FROM templates t
              JOIN template_versions v ON v.account = t.account AND v.name = t.name AND v.type = t.type
             WHERE t.account = \(account) AND t.name = \(name) AND t.type = \(type.rawValue) AND t.deleted_at IS NULL
            \(condition)
            """
        )
        return try rows.map { row in
            StoredTemplate(
                account: account, name: name, version: try row.get(0),
                content: try TemplateContent(type, stored: try row.get(1)), createdAt: try row.get(2),
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
    static func number(_ version: WantedTemplateVersion) -> SQL {
        switch version {
        case .active: "t.active_version"
        case .latest: "t.version"
        case .number(let number): "\(number)"
        }
    }
}
