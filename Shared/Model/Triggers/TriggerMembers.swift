import Core
import Postgres
import Segments

/// Which endpoints of some are in a segment now.
enum TriggerMembers {
    /// Key → cohort of those that are. Endpoints that do not exist are not.
    ///
    /// One statement for conditions on the endpoint. Conditions on events are judged person by person: in SQL they read the
    /// windows of everybody's events.
    static func load(
        _ keys: Set<Int64>, of app: AppID, in segment: ResolvedSegment, now: Instant, in session: Session
    ) async throws -> [Int64: Int] {
        let needs = EventNeeds(segment.expression, now: now)
        guard needs.window != nil || needs.activeSince != nil else {
            return try await select(keys.sorted(), of: app, in: segment, now: now, in: session)
        }
        let rows = try await session.query(
            """
            SELECT endpoint_key, external_id FROM endpoints
             WHERE app = \(app) AND endpoint_key = ANY (\(keys.sorted())) ORDER BY endpoint_key
            """
        )
        var members: [Int64: Int] = [:]
        var unjudged: [Int64] = []
        for row in rows {
            let (key, id): (Int64, EndpointID) = (try row.get(0), EndpointID(try row.get(1)))
            do {
                let subject = try await SegmentSubjectLoader.load(
                    app, id, for: segment.expression, now: now, in: session)
                if let subject, SegmentEvaluator.matches(segment, subject, now: now) { members[key] = subject.cohort }
            } catch let fault as Fault where fault.code == .invalid {
                // More events than are looked at one by one.
                unjudged.append(key)
            }
        }
        if unjudged.isEmpty { return members }
        let rest = try await select(unjudged, of: app, in: segment, now: now, in: session)
        return members.merging(rest) { $1 }
    }

    private static func select(
        _ keys: [Int64], of app: AppID, in segment: ResolvedSegment, now: Instant, in session: Session
    ) async throws -> [Int64: Int] {
        let rows = try await session.query(
            """
            SELECT e.endpoint_key, e.cohort FROM endpoints e
             WHERE (\(SegmentCompiler.predicate(segment, app: app, now: now))) AND e.endpoint_key = ANY (\(keys))
            """
        )
        var members: [Int64: Int] = [:]
        for row in rows {
            let cohort: Int16 = try row.get(1)
            members[try row.get(0)] = Int(cohort)
        }
        return members
    }
}
