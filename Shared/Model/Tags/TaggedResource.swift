import Core
package import PinpointAPI
package import Postgres

/// Tags of whatever an ARN names: apps carry theirs in their own row, everything else has them in the table `tags`.
package enum TaggedResource {
    /// Nil when there is no such resource, or it belongs to somebody else.
    package static func tags(
        of resource: ARN.Resource, account: String, in session: Session
    ) async throws -> [String: String]? {
        if case .app(let app) = resource { return try await AppStore.find(app, account: account, in: session)?.tags }
        guard try await exists(resource, account: account, in: session) else { return nil }
        return try await TagStore.tags(of: [resource], account: account, in: session)[resource] ?? [:]
    }

    /// Adds and overwrites; returns all tags afterwards. Nil as above.
    ///
    /// - Throws: `APIError` when there would be more than 50: the caller's transaction then stores nothing.
    package static func merge(
        _ tags: [String: String], into resource: ARN.Resource, account: String, in session: Session
    ) async throws -> [String: String]? {
        let merged: [String: String]?
        if case .app(let app) = resource {
            merged = try await AppStore.mergeTags(tags, into: app, account: account, in: session)
        } else {
            guard try await exists(resource, account: account, in: session) else { return nil }
            try await TagStore.merge(tags, of: resource, account: account, in: session)
            merged = try await TagStore.tags(of: [resource], account: account, in: session)[resource]
        }
        if let merged, merged.count > TagRules.perResource {
            throw APIError.badRequest(
                "tags: a resource has at most \(TagRules.perResource); it would have \(merged.count)")
        }
        return merged
    }

    /// False as nil above.
    package static func remove(
        keys: [String], from resource: ARN.Resource, account: String, in session: Session
    ) async throws -> Bool {
        guard try await exists(resource, account: account, in: session) else { return false }
        if case .app(let app) = resource {
            try await AppStore.removeTags(keys: keys, from: app, account: account, in: session)
        } else {
            try await TagStore.remove(keys: keys, of: resource, account: account, in: session)
        }
        return true
    }

    private static func exists(_ resource: ARN.Resource, account: String, in session: Session) async throws -> Bool {
        let found: SQL
        switch resource {
        case .app(let app):
            found = "SELECT FROM apps a WHERE a.id = \(app) AND a.account = \(account) AND a.deleted_at IS NULL"
        case .segment(let app, let segment):
            found = """
                SELECT FROM apps a JOIN segments s ON s.app = a.id
                 WHERE a.id = \(app) AND a.account = \(account) AND a.deleted_at IS NULL
                   AND s.id = \(segment) AND s.deleted_at IS NULL
                """
        case .campaign(let app, let campaign):
            found = """
                SELECT FROM apps a JOIN campaigns c ON c.app = a.id
                 WHERE a.id = \(app) AND a.account = \(account) AND a.deleted_at IS NULL
                   AND c.id = \(campaign) AND c.deleted_at IS NULL
                """
        case .template(let name, let type):
            found = """
                SELECT FROM templates t
                 WHERE t.account = \(account) AND t.name = \(name) AND t.type = \(type.rawValue) AND t.deleted_at IS NULL
                """
        }
        return try await session.query("SELECT EXISTS (\(found))").first?.get(0) ?? false
    }
}
