package import Core
package import PinpointAPI
package import Postgres

/// Import segments: a fixed list of endpoints, kept as rows of `segment_members`. An endpoint that is deleted leaves every
/// list for good, also when one with its id is made again.
///
/// The console of Pinpoint allows an import segment as the only base of the only group; here it combines as every other
/// segment does.
package enum ImportSegments {
    /// Where the list came from, as an import job was told.
    package struct Source: Sendable {
        package var format: SegmentFormat
        package var s3URL: String
        package var roleARN: String
        package var externalID: String

        package init(format: SegmentFormat, s3URL: String, roleARN: String, externalID: String = "") {
            self.format = format
            self.s3URL = s3URL
            self.roleARN = roleARN
            self.externalID = externalID
        }
    }

    /// Makes the segment without members; `add` gives it some.
    package static func create(
        _ app: AppID,
        id: SegmentID,
        name: String?,
        _ source: Source,
        tags: [String: String] = [:],
        account: String,
        now: Instant,
        in session: Session
    ) async throws -> StoredSegment {
        try await session.execute(
            "INSERT INTO segments (app, id, version, created_at) VALUES (\(app), \(id), 1, \(now))"
        )
        let segment = StoredSegment(
            app: app,
            id: id,
            version: 1,
            createdAt: now,
            modifiedAt: now,
            type: .import,
            request: WriteSegmentRequest(name: name),
            tags: tags,
            importDefinition: SegmentImportResource(
                channelCounts: [:],
                externalId: source.externalID,
                format: source.format,
                roleArn: source.roleARN,
                s3Url: source.s3URL,
                size: 0
            )
        )
        try await SegmentStore.insertVersion(segment, in: session)
        if !tags.isEmpty { try await TagStore.replace(tags, of: .segment(app, id), account: account, in: session) }
        return segment
    }

    /// Adds those of `keys` that are endpoints of the app, once each, and counts them in the segment's `Size` and
    /// `ChannelCounts`: how many were imported, which deletions do not change. Returns how many were new.
    @discardableResult
    package static func add(
        _ keys: [Int64],
        to id: SegmentID,
        of app: AppID,
        now: Instant,
        in session: Session
    ) async throws -> Int {
        let rows = try await session.query(
            """
            WITH changed AS (
                INSERT INTO segment_members (app, segment, endpoint_key)
                SELECT e.app, \(id), e.endpoint_key
                  FROM endpoints e
                 WHERE e.app = \(app) AND e.endpoint_key = ANY (\(keys))
                ON CONFLICT DO NOTHING
                RETURNING app, endpoint_key),
            logged AS (
                \(ChangeLog.rowsOfChangedKeys(at: now)))
            SELECT e.channel_type, count(*)
              FROM changed
              JOIN endpoints e USING (app, endpoint_key)
             GROUP BY e.channel_type
            """
        )
        var counts: [(channel: String?, count: Int)] = []
        for row in rows { counts.append((try row.get(0), try row.get(1))) }
        let added = counts.reduce(0) { $0 + $1.count }
        if added > 0 { try await count(counts, of: id, app, in: session) }
        return added
    }

    private static func count(
        _ counts: [(channel: String?, count: Int)],
        of id: SegmentID,
        _ app: AppID,
        in session: Session
    ) async throws {
        let rows = try await session.query(
            """
            SELECT import_definition FROM segment_versions
             WHERE app = \(app) AND id = \(id) AND version = 1 AND import_definition IS NOT NULL
               FOR UPDATE
            """
        )
        guard let json: JSON = try rows.first?.get(0) else {
            throw Fault(.invalid, "Segment \(id) is no import segment")
        }
        var definition = try SegmentImportResource(json: json, at: .root)
        for (channel, count) in counts {
            definition.size = (definition.size ?? 0) + count
            if let channel { definition.channelCounts?[channel, default: 0] += count }
        }
        try await session.execute(
            """
            UPDATE segment_versions
               SET import_definition = \(SQLBind.jsonb(definition.json.serialized))
             WHERE app = \(app) AND id = \(id) AND version = 1
            """
        )
    }
}
