package import Core
package import PinpointAPI
package import Postgres
package import Segments

/// The tables `segments` and `segment_versions`: every write is a new version, and every version stays readable until
/// the segment is deleted. A deleted segment is kept, unseen, for the runs that were started with it.
package enum SegmentStore {
    // MARK: Writing

    /// - Throws: `Fault(.invalid)` when a source segment is missing or the whole is too deep or too large.
    package static func create(
        _ app: AppID,
        id: SegmentID,
        _ request: WriteSegmentRequest,
        _ definition: SegmentDefinition,
        account: String,
        now: Instant,
        in session: Session
    ) async throws -> StoredSegment {
        _ = try await SegmentResolver.resolve(app, definition, id: id, version: 1, in: session)
        try await session.execute(
            """
            INSERT INTO segments (app, id, version, created_at)
            VALUES (\(app), \(id), 1, \(now))
            """
        )
        let segment = StoredSegment(
            app: app,
            id: id,
            version: 1,
            createdAt: now,
            modifiedAt: now,
            type: .dimensional,
            request: request.withoutTags,
            tags: request.tags ?? [:]
        )
        try await insertVersion(segment, in: session)
        if let tags = request.tags, !tags.isEmpty {
            try await TagStore.replace(tags, of: .segment(app, id), account: account, in: session)
        }
        return segment
    }

    /// Replaces the definition as a whole; nil when there is no such segment. Tags change only when the request has them.
    ///
    /// Segments of one app are updated one at a time, so that two updates cannot close a cycle between them.
    ///
    /// - Throws: as `create`, and `Fault(.invalid)` when the segment would be a source of itself.
    package static func update(
        _ app: AppID,
        id: SegmentID,
        _ request: WriteSegmentRequest,
        _ definition: SegmentDefinition,
        account: String,
        now: Instant,
        in session: Session
    ) async throws -> StoredSegment? {
        try await session.execute("SELECT pg_advisory_xact_lock(hashtextextended(\("segments/\(app)"), 0))")
        let rows = try await session.query(
            """
            UPDATE segments
               SET version = version + 1
             WHERE app = \(app) AND id = \(id) AND deleted_at IS NULL
            RETURNING version, created_at
            """
        )
        guard let row = rows.first else { return nil }
        let version: Int = try row.get(0)
        guard try await !isImport(app, id, version: version - 1, in: session) else {
            throw Fault(.invalid, "The segment was imported and cannot be changed; import it anew")
        }
        _ = try await SegmentResolver.resolve(app, definition, id: id, version: version, in: session)
        var segment = StoredSegment(
            app: app,
            id: id,
            version: version,
            createdAt: try row.get(1),
            modifiedAt: now,
            type: .dimensional,
            request: request.withoutTags,
            tags: [:]
        )
        try await insertVersion(segment, in: session)
        if let tags = request.tags {
            try await TagStore.replace(tags, of: .segment(app, id), account: account, in: session)
        }
        segment.tags = try await tags(of: [segment], account: account, in: session)[.segment(app, id)] ?? [:]
        return segment
    }

    /// What was deleted; nil when there was nothing.
    package static func delete(
        _ app: AppID,
        id: SegmentID,
        account: String,
        now: Instant,
        in session: Session
    ) async throws -> StoredSegment? {
        guard let segment = try await load(app, id: id, account: account, in: session) else { return nil }
        let deleted = try await session.execute(
            """
            UPDATE segments
               SET deleted_at = \(now)
             WHERE app = \(app) AND id = \(id) AND deleted_at IS NULL
            """
        )
        guard deleted == 1 else { return nil }
        try await TagStore.removeAll(of: .segment(app, id), account: account, in: session)
        return segment
    }

    private static func isImport(
        _ app: AppID,
        _ id: SegmentID,
        version: Int,
        in session: Session
    ) async throws -> Bool {
        let rows = try await session.query(
            "SELECT type FROM segment_versions WHERE app = \(app) AND id = \(id) AND version = \(version)"
        )
        let type: String? = try rows.first?.get(0)
        return type == SegmentType.import.rawValue
    }

    static func insertVersion(_ segment: StoredSegment, in session: Session) async throws {
        let definition = SQLBind.jsonb(segment.request.json.serialized)
        let imported = segment.importDefinition.map { SQLBind.jsonb($0.json.serialized) } ?? .null(.jsonb)
        try await session.execute(
            """
            INSERT INTO segment_versions (app, id, version, name, type, definition, import_definition, created_at)
            VALUES (\(segment.app), \(segment.id), \(Int32(segment.version)), \(segment.request.name),
                    \(segment.type.rawValue), \(definition), \(imported), \(segment.modifiedAt))
            """
        )
    }

    // MARK: Reading

    /// The latest version, or the given one.
    package static func load(
        _ app: AppID,
        id: SegmentID,
        version: Int? = nil,
        account: String,
        in session: Session
    ) async throws -> StoredSegment? {
        let wanted = version.flatMap { Int32(exactly: $0) }
        if version != nil, wanted == nil { return nil }
        let segments = try await page(
            """
            WHERE s.app = \(app) AND s.id = \(id) AND s.deleted_at IS NULL
              AND v.version = coalesce(\(wanted), s.version)
            """,
            app,
            account: account,
            in: session
        )
        return segments.first
    }

    /// Latest versions, oldest segment first.
    package static func list(
        _ app: AppID,
        after: (createdAt: Instant, id: SegmentID)?,
        limit: Int,
        account: String,
        in session: Session
    ) async throws -> [StoredSegment] {
        let start: SQL = after.map { "AND (s.created_at, s.id) > (\($0.createdAt), \($0.id))" } ?? .empty
        return try await page(
            """
            WHERE s.app = \(app) AND s.deleted_at IS NULL AND v.version = s.version \(start)
            ORDER BY s.created_at, s.id
            LIMIT \(limit)
            """,
            app,
            account: account,
            in: session
        )
    }

    /// Versions of one segment, newest first; empty when it does not exist.
    package static func versions(
        _ app: AppID,
        id: SegmentID,
        before: Int?,
        limit: Int,
        account: String,
        in session: Session
    ) async throws -> [StoredSegment] {
        let start: SQL = before.map { "AND v.version < \($0)" } ?? .empty
        return try await page(
            """
            WHERE s.app = \(app) AND s.id = \(id) AND s.deleted_at IS NULL \(start)
            ORDER BY v.version DESC
            LIMIT \(limit)
            """,
            app,
            account: account,
            in: session
        )
    }

    /// Any of the app's: the next from `place` on, round the end; nil when it has none.
    package static func any(_ app: AppID, near place: SegmentID, in session: Session) async throws -> SegmentID? {
        let rows = try await session.query(
            """
            SELECT id
              FROM segments
             WHERE app = \(app) AND deleted_at IS NULL
             ORDER BY id < \(place), id
             LIMIT 1
            """
        )
        return try rows.first?.get(0)
    }

    private static func page(
        _ condition: SQL,
        _ app: AppID,
        account: String,
        in session: Session
    ) async throws -> [StoredSegment] {
        let rows = try await session.query(
            """
            SELECT s.id, v.version, s.created_at, v.created_at, v.type, v.definition, v.import_definition
              FROM segments s
              JOIN segment_versions v ON v.app = s.app AND v.id = s.id
            \(condition)
            """
        )
        var segments: [StoredSegment] = []
        for row in rows {
            let id: SegmentID = try row.get(0)
            let type: String = try row.get(4)
            segments.append(
                StoredSegment(
                    app: app,
                    id: id,
                    version: try row.get(1),
                    createdAt: try row.get(2),
                    modifiedAt: try row.get(3),
                    type: SegmentType(rawValue: type) ?? .dimensional,
                    request: try request(try row.get(5), of: id),
                    tags: [:],
                    importDefinition: try imported(try row.get(6), of: id)
                )
            )
        }
        let tags = try await tags(of: segments, account: account, in: session)
        for index in segments.indices { segments[index].tags = tags[.segment(app, segments[index].id)] ?? [:] }
        return segments
    }

    private static func tags(
        of segments: [StoredSegment],
        account: String,
        in session: Session
    ) async throws -> [ARN.Resource: [String: String]] {
        let resources = Set(segments.map { ARN.Resource.segment($0.app, $0.id) })
        return try await TagStore.tags(of: Array(resources), account: account, in: session)
    }

    private static func imported(_ json: JSON?, of id: SegmentID) throws(Fault) -> SegmentImportResource? {
        guard let json else { return nil }
        do {
            return try SegmentImportResource(json: json, at: .root)
        } catch {
            throw Fault(.integrity, "The stored import definition of segment \(id) is not valid", cause: error)
        }
    }

    /// What was stored passed the same checks when it came in.
    static func request(_ json: JSON, of id: SegmentID) throws(Fault) -> WriteSegmentRequest {
        do {
            return try WriteSegmentRequest(json: json, at: .root)
        } catch {
            throw Fault(.integrity, "The stored definition of segment \(id) is not valid", cause: error)
        }
    }
}

extension WriteSegmentRequest {
    var withoutTags: WriteSegmentRequest {
        var copy = self
        copy.tags = nil
        return copy
    }
}
