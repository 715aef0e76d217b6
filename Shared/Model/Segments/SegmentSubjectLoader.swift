package import Core
package import Postgres
package import Segments

/// Reads of one person what the conditions of a segment look at: the row, and only the events that they need.
package enum SegmentSubjectLoader {
    /// Events of one person that are loaded at most.
    package static let maximumEvents = 20_000

    /// Nil when there is no such endpoint.
    ///
    /// `now`: where windows end. `upTo`: later events are left out, to look at the past; nil takes all, as a run does.
    /// - Throws: `Fault(.invalid)` when the person has more than `maximumEvents` in the windows.
    package static func load(
        _ app: AppID,
        _ id: EndpointID,
        for expression: SegmentExpression,
        now: Instant,
        upTo: Instant? = nil,
        in session: Session
    ) async throws -> SegmentSubject? {
        guard let endpoint = try await EndpointStore.load(app, id, in: session) else { return nil }
        var subject = SegmentSubject(
            endpointKey: endpoint.key,
            cohort: Int(endpoint.cohort),
            channelType: endpoint.channelType,
            attributes: endpoint.attributes.object ?? [:],
            userAttributes: endpoint.userAttributes.object ?? [:],
            metrics: endpoint.metrics.object ?? [:],
            demographic: endpoint.demographic.object ?? [:],
            location: endpoint.location.object ?? [:],
            // Of the past only the creation is known when the row was written since.
            effectiveAt: upTo.map { endpoint.effectiveAt > $0 ? endpoint.createdAt : endpoint.effectiveAt }
                ?? endpoint.effectiveAt
        )
        let needs = EventNeeds(expression, now: now)
        let events = try await events(needs, of: endpoint, now: now, upTo: upTo, in: session)
        subject.events = events.filter { $0.endpoint == endpoint.key }.map(\.event)
        if needs.needsUser, endpoint.userID != nil { subject.userEvents = events.map(\.event) }
        subject.importedInto = try await imports(expression, of: endpoint, in: session)
        return subject
    }

    private struct Found {
        let id: EventID
        let endpoint: Int64
        let event: SegmentEvent

        static let columns: SQL = "id, endpoint_key, type, at, attributes, metrics"

        init(_ row: Row) throws(SQLFault) {
            id = try row.get(0)
            endpoint = try row.get(1)
            let attributes: JSON? = try row.get(4)
            let metrics: JSON? = try row.get(5)
            event = SegmentEvent(
                type: try row.get(2),
                at: try row.get(3),
                attributes: attributes?.object ?? [:],
                metrics: metrics?.object ?? [:]
            )
        }
    }

    private static func events(
        _ needs: EventNeeds,
        of endpoint: Endpoint,
        now: Instant,
        upTo: Instant?,
        in session: Session
    ) async throws -> [Found] {
        let end: SQL = upTo.map { "AND at <= \($0)" } ?? .empty
        var found: [Found] = []
        if let window = needs.window {
            let keys = needs.needsUser ? try await keys(ofUserOf: endpoint, in: session) : [endpoint.key]
            let types: SQL = window.types.map { "AND type = ANY (\($0))" } ?? .empty
            found = try await session.query(
                """
                SELECT \(Found.columns)
                  FROM events
                 WHERE week = ANY (\(weeks(from: window.start, to: now))) AND endpoint_key = ANY (\(keys)) AND app = \(endpoint.app)
                   AND at >= \(window.start) \(types) \(end)
                 LIMIT \(maximumEvents + 1)
                """
            ).map(Found.init)
            guard found.count <= maximumEvents else {
                throw Fault(
                    .invalid,
                    "The person has more than \(maximumEvents) events in the segment's windows: too many to look at one by one"
                )
            }
        }
        if let since = needs.activeSince {
            let latest = try await session.query(
                """
                SELECT \(Found.columns)
                  FROM events
                 WHERE week = ANY (\(weeks(from: since, to: now))) AND endpoint_key = \(endpoint.key) AND app = \(endpoint.app)
                   AND at >= \(since) \(end)
                 ORDER BY at DESC
                 LIMIT 1
                """
            ).map(Found.init)
            found += latest.filter { new in !found.contains { $0.id == new.id && $0.endpoint == new.endpoint } }
        }
        return found
    }

    /// Each by itself: the index of events finds one person's rows in a week, not in an open range of weeks. Events are taken
    /// up to a day ahead of the clock, so that the week after is enough.
    private static func weeks(from start: Instant, to now: Instant) -> SQLBind {
        let (first, last) = (start.day.weekStart.daysSince1970, now.day.weekStart.daysSince1970 + 7)
        return .dayArray(stride(from: first, through: last, by: 7).map(Day.init(daysSince1970:)))
    }

    /// Itself included. The rule of 15 bounds them.
    private static func keys(ofUserOf endpoint: Endpoint, in session: Session) async throws -> [Int64] {
        guard let user = endpoint.userID else { return [endpoint.key] }
        let rows = try await session.query(
            "SELECT endpoint_key FROM endpoints WHERE app = \(endpoint.app) AND user_id = \(user)"
        )
        return try rows.map { try $0.get(0) }
    }

    private static func imports(
        _ expression: SegmentExpression,
        of endpoint: Endpoint,
        in session: Session
    ) async throws -> Set<SegmentID> {
        let segments = expression.conditions.compactMap { condition -> SegmentID? in
            if case .imported(let segment) = condition { segment } else { nil }
        }
        guard !segments.isEmpty else { return [] }
        let rows = try await session.query(
            """
            SELECT segment
              FROM segment_members
             WHERE app = \(endpoint.app) AND segment = ANY (\(segments)) AND endpoint_key = \(endpoint.key)
            """
        )
        return try Set(rows.map { try $0.get(0) })
    }
}
