import Columns
import Core
import EventLoop
import Postgres
import Segments

/// The column index of the contest's audience in the benchmark's own process: its time without HTTP, and its answers held against
/// everybody else's. segment-service loads and follows one by itself; that one is asked through the API.
final class SegmentColumns: Sendable {
    private static let rowsPerPage = 20_000

    private let index: ColumnIndex

    init(_ audience: SegmentAudience) async throws {
        var index = ColumnIndex(eventsFrom: audience.now - .seconds(367 * 86_400))
        var keys: [Int64] = []
        while true {
            let page = try await Self.page(audience, after: keys.last ?? .min)
            index.upsert(page)
            keys += page.map(\.key)
            if page.count < Self.rowsPerPage { break }
        }
        let weeks = try await audience.database.query(
            "SELECT DISTINCT week FROM events WHERE app = \(audience.app) ORDER BY week")
        for row in weeks {
            let week: Day = try row.get(0)
            let events = try await audience.database.query(
                "SELECT endpoint_key, type, at FROM events WHERE week = \(week) AND app = \(audience.app)"
            ).map { ColumnEvent(key: try $0.get(0), type: try $0.get(1), at: try $0.get(2)) }
            index.replaceEvents(of: keys, from: week.start, to: (week + 7).start, with: events)
        }
        index.shrinkToFit()
        self.index = index
    }

    private static func page(_ audience: SegmentAudience, after key: Int64) async throws -> [ColumnRow] {
        try await audience.database.query(
            """
            SELECT endpoint_key, cohort, channel_type, effective_at, convert_to(attributes::text, 'UTF8'),
                   convert_to(user_attributes::text, 'UTF8'), convert_to(metrics::text, 'UTF8'),
                   convert_to(demographic::text, 'UTF8'), convert_to(location::text, 'UTF8')
              FROM endpoints
             WHERE app = \(audience.app) AND endpoint_key > \(key)
             ORDER BY endpoint_key
             LIMIT \(rowsPerPage)
            """
        ).map { row in
            ColumnRow(
                key: try row.get(0), cohort: Int(try row.get(1) as Int16), channelType: try row.get(2),
                effectiveAt: try row.get(3), isReachable: true, attributes: try row.get(4),
                userAttributes: try row.get(5),
                metrics: try row.get(6), demographic: try row.get(7), location: try row.get(8))
        }
    }

    func estimate(_ segment: ResolvedSegment, now: Instant) throws(Fault) -> Int {
        guard let estimate = index.estimate(segment.expression, now: now) else {
            throw Fault(.unavailable, "the column index declines")
        }
        return estimate.count
    }

    func keys(_ segment: ResolvedSegment, now: Instant) throws(Fault) -> Int {
        guard let keys = index.keys(segment.expression, now: now) else {
            throw Fault(.unavailable, "the column index declines")
        }
        return keys.count
    }
}
