import Core
package import PinpointAPI
package import Postgres

/// The table `tags`: tags of segments, campaigns and templates. Apps carry theirs in their own row.
///
/// Keyed by the ARN's last part (`apps/ID/segments/ID`): account and app make it unique, and the region of an ARN is
/// whatever region the caller signed for.
package enum TagStore {
    package static func tags(
        of resources: [ARN.Resource],
        account: String,
        in session: Session
    ) async throws -> [ARN.Resource: [String: String]] {
        guard !resources.isEmpty else { return [:] }
        let names = resources.map(\.description)
        let rows = try await session.query(
            """
            SELECT arn, tags
              FROM tags
             WHERE account = \(account) AND arn = ANY (\(names))
            """
        )
        var byName: [String: [String: String]] = [:]
        for row in rows {
            let json: JSON = try row.get(1)
            byName[try row.get(0)] = tags(json)
        }
        var found: [ARN.Resource: [String: String]] = [:]
        for (resource, name) in zip(resources, names) { found[resource] = byName[name] }
        return found
    }

    /// Sets exactly these; an empty map removes all.
    package static func replace(
        _ tags: [String: String],
        of resource: ARN.Resource,
        account: String,
        in session: Session
    ) async throws {
        guard !tags.isEmpty else { return try await removeAll(of: resource, account: account, in: session) }
        try await session.execute(
            """
            INSERT INTO tags (account, arn, tags)
            VALUES (\(account), \(resource.description), \(SQLBind.jsonb(tags.json.serialized)))
            ON CONFLICT (account, arn) DO UPDATE SET tags = excluded.tags
            """
        )
    }

    /// Adds and overwrites; leaves other keys alone.
    package static func merge(
        _ tags: [String: String],
        of resource: ARN.Resource,
        account: String,
        in session: Session
    ) async throws {
        try await session.execute(
            """
            INSERT INTO tags (account, arn, tags)
            VALUES (\(account), \(resource.description), \(SQLBind.jsonb(tags.json.serialized)))
            ON CONFLICT (account, arn) DO UPDATE SET tags = tags.tags || excluded.tags
            """
        )
    }

    /// Unknown keys are no error.
    package static func remove(
        keys: [String],
        of resource: ARN.Resource,
        account: String,
        in session: Session
    ) async throws {
        try await session.execute(
            """
            UPDATE tags
               SET tags = tags - \(keys)
             WHERE account = \(account) AND arn = \(resource.description)
            """
        )
    }

    package static func removeAll(
        of resource: ARN.Resource,
        account: String,
        in session: Session
    ) async throws {
        try await session.execute("DELETE FROM tags WHERE account = \(account) AND arn = \(resource.description)")
    }

    static func tags(_ json: JSON) -> [String: String] {
        var tags: [String: String] = [:]
        for member in json.object?.members ?? [] { tags[member.key] = member.value.string }
        return tags
    }
}
