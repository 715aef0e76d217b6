package import Core
package import Postgres
import Segments

/// Which attribute indexes stored segments need, which exist, and making the one the other.
package enum AttributeIndexStore {
    /// In smaller apps reading every endpoint takes no longer than a request may.
    package static let smallestApp = 50_000
    /// An index for a part of the audience that is larger than this finds little sooner than reading everything.
    private static let largestShare = 0.05
    /// One that exists stays until its share is this: a share is measured on a sample.
    private static let largestKeptShare = 0.1
    private static let sampleSize = 5000
    package static let limitPerApp = 4
    package static let limit = 32
    private static let segmentsPerApp = 200

    // MARK: Which are needed

    /// Changes with every segment that is written or deleted.
    package static func mark(in session: Session) async throws -> String {
        let rows = try await session.query(
            """
            SELECT (SELECT count(*) FROM segment_versions) || ' '
                   || (SELECT count(*) FROM segments WHERE deleted_at IS NULL)
            """
        )
        return try rows[0].get(0)
    }

    /// Apps with segments and at least `smallest` endpoints.
    package static func apps(smallest: Int = smallestApp, in session: Session) async throws -> [AppID] {
        let rows = try await session.query(
            """
            SELECT DISTINCT s.app FROM segments s
             WHERE s.deleted_at IS NULL
               AND (SELECT count(*) FROM (SELECT FROM endpoints e WHERE e.app = s.app LIMIT \(smallest)) few) >= \(smallest)
             ORDER BY s.app
            """
        )
        return try rows.map { try $0.get(0) }
    }

    /// For each of the app's newest segments the cheapest candidate, of equals the one with the fewest endpoints; most wanted first.
    package static func wanted(
        _ app: AppID, existing: Set<String>, in session: Session
    ) async throws -> [AttributeIndex] {
        let rows = try await session.query(
            """
            SELECT id FROM segments WHERE app = \(app) AND deleted_at IS NULL
             ORDER BY created_at DESC, id LIMIT \(segmentsPerApp)
            """
        )
        var uses: [AttributeIndex: Int] = [:]
        for row in rows {
            guard let segment = try await resolve(app, try row.get(0), in: session) else { continue }
            let candidates = AttributeIndexCandidate.all(of: segment, app: app)
            if let index = try await best(candidates, app, existing, in: session) { uses[index, default: 0] += 1 }
        }
        let sorted = uses.sorted { ($1.value, $0.key.name) < ($0.value, $1.key.name) }
        return sorted.prefix(limitPerApp).map(\.key)
    }

    /// Nil also for a segment that later updates of its sources made invalid.
    private static func resolve(
        _ app: AppID, _ id: SegmentID, in session: Session
    ) async throws -> ResolvedSegment? {
        do {
            return try await SegmentResolver.resolve(app, id: id, in: session)
        } catch let fault as Fault where fault.code == .invalid {
            return nil
        }
    }

    private static func best(
        _ candidates: [AttributeIndexCandidate], _ app: AppID, _ existing: Set<String>, in session: Session
    ) async throws -> AttributeIndex? {
        var best: (index: AttributeIndex, rank: (Int, Double))?
        for candidate in candidates {
            let share = try await share(candidate.conditions, of: app, in: session)
            let bound = existing.contains(candidate.index.name) ? largestKeptShare : largestShare
            let rank = (candidate.index.upkeep, share)
            if share <= bound, best.map({ rank < $0.rank }) ?? true { best = (candidate.index, rank) }
        }
        return best?.index
    }

    /// Of the endpoints with the lowest keys, which are hashes: as good as drawn at random.
    private static func share(
        _ conditions: [SegmentCondition], of app: AppID, in session: Session
    ) async throws -> Double {
        let part = ResolvedSegment(expression: .combination(.all, conditions.map(SegmentExpression.condition)))
        // Conditions on attributes look at no event, so the time is no matter.
        let predicate = SegmentCompiler.predicate(part, app: app, now: Instant(microseconds: 0))
        let rows = try await session.query(
            """
            SELECT count(*) FILTER (WHERE \(predicate)), count(*)
              FROM (SELECT * FROM endpoints WHERE app = \(app) ORDER BY endpoint_key LIMIT \(sampleSize)) AS e
            """
        )
        let (members, all): (Int64, Int64) = (try rows[0].get(0), try rows[0].get(1))
        return all > 0 ? Double(members) / Double(all) : 1
    }

    // MARK: Making and dropping

    /// By name; `isValid` is false for what a build that was interrupted left behind.
    package static func existing(in session: Session) async throws -> [(name: String, isValid: Bool)] {
        let rows = try await session.query(
            """
            SELECT c.relname::text, i.indisvalid
              FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
             WHERE i.indrelid = 'endpoints'::regclass AND starts_with(c.relname::text, \(AttributeIndex.namePrefix))
             ORDER BY c.relname
            """
        )
        return try rows.map { (try $0.get(0), try $0.get(1)) }
    }

    /// Beside everybody's reads and writes; takes seconds for a million endpoints. Outside a transaction only. Statistics of
    /// the new expressions come with it.
    package static func create(_ index: AttributeIndex, in session: Session) async throws {
        let statement: String = try await session.query(index.creation)[0].get(0)
        try await patiently(session) { try await session.script(statement) }
        try await patiently(session) { try await session.script("ANALYZE endpoints") }
    }

    /// `name`: from `existing`.
    package static func drop(_ name: String, in session: Session) async throws {
        let statement: String = try await session.query(
            "SELECT format('DROP INDEX CONCURRENTLY IF EXISTS %I', \(name))")[0]
            .get(0)
        try await patiently(session) { try await session.script(statement) }
    }

    /// Both wait for transactions that are older than they are.
    private static func patiently(_ session: Session, _ body: () async throws -> Void) async throws {
        try await session.batch(["SET statement_timeout = '2h'", "SET lock_timeout = '10min'"])
        let result: Result<Void, any Error>
        do {
            result = .success(try await body())
        } catch {
            result = .failure(error)
        }
        try await session.batch(["SET statement_timeout = '30s'", "SET lock_timeout = '2s'"])
        try result.get()
    }

    /// One builder at a time in the whole installation; false when another works.
    package static func lock(in session: Session) async throws -> Bool {
        try await session.query("SELECT pg_try_advisory_lock(hashtextextended('attribute indexes', 7002))")[0].get(0)
    }

    package static func unlock(in session: Session) async throws {
        try await session.execute("SELECT pg_advisory_unlock(hashtextextended('attribute indexes', 7002))")
    }
}
