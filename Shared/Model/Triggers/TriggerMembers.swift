import Core
import Postgres
import Segments

/// What of an endpoint says where its message goes.
struct TriggerMember: Sendable, Equatable {
    var cohort: Int
    var channelType: String?
}

/// Which endpoints of some are in a segment now.
enum TriggerMembers {
    /// Those that are, by key. Endpoints that do not exist are not.
    ///
    /// One statement for conditions on the endpoint. Conditions on events are judged person by person: in SQL they read the
    /// windows of everybody's events.
    static func load(
        _ keys: Set<Int64>, of app: AppID, in segment: ResolvedSegment, now: Instant, in session: Session
    ) async throws -> [Int64: TriggerMember] {
        let needs = EventNeeds(segment.expression, now: now)
        guard needs.window != nil || needs.activeSince != nil else {
            return try await select(keys.sorted(), of: app, in: segment, now: now, in: session)
        }
        let rows = try await session.query(
            """
            SELECT endpoint_key, external_id, channel_type FROM endpoints
             WHERE app = \(app) AND endpoint_key = ANY (\(keys.sorted())) ORDER BY endpoint_key
            """
        )
        var members: [Int64: TriggerMember] = [:]
        var unjudged: [Int64] = []
        for row in rows {
            let (key, id): (Int64, EndpointID) = (try row.get(0), EndpointID(try row.get(1)))
            do {
                let subject = try await SegmentSubjectLoader.load(
                    app, id, for: segment.expression, now: now, in: session)
                if let subject, SegmentEvaluator.matches(segment, subject, now: now) {
                    members[key] = TriggerMember(cohort: subject.cohort, channelType: try row.get(2))
                }
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
    ) async throws -> [Int64: TriggerMember] {
        let rows = try await session.query(
            """
            SELECT e.endpoint_key, e.cohort, e.channel_type FROM endpoints e
             WHERE (\(SegmentCompiler.predicate(segment, app: app, now: now))) AND e.endpoint_key = ANY (\(keys))
            """
        )
        var members: [Int64: TriggerMember] = [:]
        for row in rows {
            let cohort: Int16 = try row.get(1)
            members[try row.get(0)] = TriggerMember(cohort: Int(cohort), channelType: try row.get(2))
        }
        return members
    }
}
