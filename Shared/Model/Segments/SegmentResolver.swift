package import Core
import PinpointAPI
package import Postgres
package import Segments

/// Reads the source segments that a definition needs, and inlines them.
package enum SegmentResolver {
    /// The segment as it stands now, complete in itself; nil when it, or that version of it, does not exist.
    ///
    /// - Throws: `Fault(.invalid)` when a source segment is missing, or the whole became too deep, too large or circular
    ///   by later updates of its sources.
    package static func resolve(
        _ app: AppID,
        id: SegmentID,
        version: Int? = nil,
        in session: Session
    ) async throws -> ResolvedSegment? {
        guard let segment = try await load(app, id: id, version: version, in: session) else { return nil }
        return try await resolve(app, segment.definition, id: id, version: segment.version, in: session)
    }

    /// A definition that is not stored yet. `id` and `version`: what it will be stored as; references to `id` without a
    /// version then mean this definition.
    package static func resolve(
        _ app: AppID,
        _ definition: SegmentDefinition,
        id: SegmentID? = nil,
        version: Int? = nil,
        in session: Session
    ) async throws -> ResolvedSegment {
        let outline = try await outline(app, definition, id: id, version: version, in: session)
        return ResolvedSegment(id: id, version: version, expression: outline.expression)
    }

    /// As `resolve`, with where everything stands in the definitions.
    package static func outline(
        _ app: AppID,
        id: SegmentID,
        version: Int? = nil,
        in session: Session
    ) async throws -> SegmentOutline? {
        guard let segment = try await load(app, id: id, version: version, in: session) else { return nil }
        return try await outline(app, segment.definition, id: id, version: segment.version, in: session)
    }

    package static func outline(
        _ app: AppID,
        _ definition: SegmentDefinition,
        id: SegmentID? = nil,
        version: Int? = nil,
        in session: Session
    ) async throws -> SegmentOutline {
        var sources: [SegmentDefinition.Source: SegmentVersion] = [:]
        if let id, let version {
            let own = SegmentVersion(id: id, version: version, definition: definition)
            sources[SegmentDefinition.Source(id: id)] = own
            sources[SegmentDefinition.Source(id: id, version: version)] = own
        }
        // Level by level: as many round trips as there are levels, and one level more than is allowed, so that the refusal
        // is about depth and not about a missing source.
        var wanted = definition.sources.filter { sources[$0] == nil }
        for _ in 0..<Limits.segmentDepth where !wanted.isEmpty {
            let found = try await load(app, wanted, in: session)
            sources.merge(found) { known, _ in known }
            guard sources.count <= Limits.conditionsPerResolvedSegment else {
                throw Fault(.invalid, "SegmentGroups: more than \(Limits.conditionsPerResolvedSegment) source segments")
            }
            wanted = Set(found.values.flatMap(\.definition.sources)).filter { sources[$0] == nil }
        }
        return try SegmentOutline.resolve(definition, id: id, version: version, sources: sources)
    }

    private static func load(
        _ app: AppID,
        id: SegmentID,
        version: Int?,
        in session: Session
    ) async throws -> SegmentVersion? {
        let own = SegmentDefinition.Source(id: id, version: version)
        return try await load(app, [own], in: session)[own]
    }

    private static func load(
        _ app: AppID,
        _ wanted: [SegmentDefinition.Source],
        in session: Session
    ) async throws -> [SegmentDefinition.Source: SegmentVersion] {
        let versions = wanted.map { Int32(clamping: $0.version ?? 0) }
        let rows = try await session.query(
            """
            SELECT w.place, v.id, v.version, v.definition, v.type
              FROM unnest(\(wanted.map(\.id)), \(versions)) WITH ORDINALITY AS w(id, version, place)
              JOIN segments s ON s.app = \(app) AND s.id = w.id AND s.deleted_at IS NULL
              JOIN segment_versions v
                ON v.app = s.app AND v.id = s.id AND v.version = CASE w.version WHEN 0 THEN s.version ELSE w.version END
            """
        )
        var found: [SegmentDefinition.Source: SegmentVersion] = [:]
        for row in rows {
            let place: Int = try row.get(0)
            let id: SegmentID = try row.get(1)
            let type: String = try row.get(4)
            let definition =
                type == SegmentType.import.rawValue
                ? .dimensions(.condition(.imported(id)))
                : try definition(SegmentStore.request(try row.get(3), of: id), of: id)
            found[wanted[place - 1]] = SegmentVersion(id: id, version: try row.get(2), definition: definition)
        }
        return found
    }

    private static func definition(_ request: WriteSegmentRequest, of id: SegmentID) throws(Fault) -> SegmentDefinition
    {
        do {
            return try SegmentDefinition(request)
        } catch {
            throw Fault(.integrity, "The stored definition of segment \(id) is not valid", cause: error)
        }
    }
}
