import Core
import Postgres

/// One person in one run's books, to become nobody.
struct LedgerPseudonym {
    let app: AppID
    let run: RunID
    let day: Day
    let key: Int64
    let until: Instant

    private struct Chunk {
        let number: Int32
        let treatment: Int16
        let slot: Int16
        let lane: Int16
        let size: Int
        let range: ClosedRange<Int64>
    }

    /// `(id, run_day)` of the runs that may have the key: one index look per run, treatment, slot and lane; all chunks of a run of events,
    /// whose ranges overlap.
    static func runs(with key: Int64, of app: AppID, until: Instant) -> SQL {
        """
        SELECT DISTINCT r.id, r.run_day
          FROM runs r
         CROSS JOIN generate_series(\(Int32(Arms.holdout)), \(Int32(Limits.treatmentsPerCampaign - 1))) AS t (treatment)
         CROSS JOIN LATERAL (
               SELECT \(LocalSlots.passed) AS slot
                UNION
               SELECT z.slot FROM run_zones z WHERE z.app = r.app AND z.run = r.id AND z.treatment = t.treatment) AS s
         CROSS JOIN generate_series(0, \(Int32(RunPlan.laneLimit - 1))) AS l (lane)
         CROSS JOIN LATERAL (
               SELECT first_key
                 FROM run_chunks c
                WHERE c.app = r.app AND c.run = r.id AND c.treatment = t.treatment AND c.slot = s.slot AND c.lane = l.lane
                  AND c.last_key >= \(key)
                ORDER BY c.last_key
                LIMIT 1) AS c
         WHERE r.app = \(app) AND r.started_at <= \(until) AND c.first_key <= \(key)
         UNION
        SELECT r.id, r.run_day
          FROM runs r
         WHERE r.app = \(app) AND r.started_at <= \(until) AND r.open_until IS NOT NULL
           AND EXISTS (SELECT FROM run_chunks c
                        WHERE c.app = r.app AND c.run = r.id AND \(key) BETWEEN c.first_key AND c.last_key)
        """
    }

    /// In one transaction. False when a worker holds a job with the key: it would write the key after us.
    ///
    /// An endpoint with the same key that was written again keeps its place in jobs that wait, because it is who would get
    /// the message.
    func give(random: () -> UInt64, in session: Session) async throws -> Bool {
        let jobs = try await session.query(
            """
            SELECT lease_owner IS NOT NULL, chunk
              FROM jobs
             WHERE app = \(app) AND run = \(run) AND \(key) = ANY (recipients)
             ORDER BY id
               FOR UPDATE
            """
        )
        if try jobs.contains(where: { try $0.get(0) }) { return false }
        let pseudonym = Int64(bitPattern: random())
        var chunks = Set<Int32>()
        if !jobs.isEmpty, try await isGone(in: session) {
            try await session.execute(
                """
                UPDATE jobs SET recipients = array_replace(recipients, \(key), \(pseudonym))
                 WHERE app = \(app) AND run = \(run) AND \(key) = ANY (recipients)
                """
            )
            for job in jobs { if let chunk: Int32 = try job.get(1) { chunks.insert(chunk) } }
        }
        let outcomes = try await session.query(
            """
            UPDATE send_outcomes SET endpoint_key = \(pseudonym)
             WHERE run_day = \(day) AND endpoint_key = \(key) AND app = \(app) AND run = \(run) AND at <= \(until)
            RETURNING chunk
            """
        )
        for outcome in outcomes { chunks.insert(try outcome.get(0)) }
        for chunk in chunks.sorted() { try await rewrite(chunk, random: random, in: session) }
        try await session.execute(
            """
            UPDATE runs SET cursor_key = NULL
             WHERE app = \(app) AND id = \(run) AND cursor_key = \(key) AND fanned_out
            """
        )
        return true
    }

    private func isGone(in session: Session) async throws -> Bool {
        try await session.query("SELECT 1 FROM endpoints WHERE app = \(app) AND endpoint_key = \(key)").isEmpty
    }

    // MARK: The chunk

    private func rewrite(_ number: Int32, random: () -> UInt64, in session: Session) async throws {
        let rows = try await session.query(
            """
            SELECT treatment, size, first_key, last_key, slot, lane
              FROM run_chunks
             WHERE app = \(app) AND run = \(run) AND chunk = \(number)
               FOR UPDATE
            """
        )
        guard let row = rows.first else { return }
        let (first, last): (Int64, Int64) = (try row.get(2), try row.get(3))
        let size: Int32 = try row.get(1)
        let chunk = Chunk(
            number: number, treatment: try row.get(0), slot: try row.get(4), lane: try row.get(5), size: Int(size),
            range: first...last)
        let places = try await session.query(
            """
            WITH places AS (\(places(of: number)))
            SELECT count(*), sha256(string_agg(int8send(endpoint_key), ''::bytea ORDER BY ordinal)),
                   min(endpoint_key) FILTER (WHERE endpoint_key BETWEEN \(first) AND \(last)),
                   max(endpoint_key) FILTER (WHERE endpoint_key BETWEEN \(first) AND \(last))
              FROM places
            """
        )[0]
        let range = try await newRange(of: chunk, inner: (try places.get(2), try places.get(3)), random, in: session)
        // Without all places (a partition that was dropped) there is nothing that the digest could be compared with.
        let isWhole = try places.get(0) == chunk.size
        let digest: [UInt8]? = isWhole ? try places.get(1) : nil
        try await session.execute(
            """
            UPDATE run_chunks
               SET digest = coalesce(\(digest.map(SQLBind.bytes) ?? .null(.bytea)), digest),
                   first_key = \(range.lowerBound), last_key = \(range.upperBound)
             WHERE app = \(app) AND run = \(run) AND chunk = \(number)
            """
        )
    }

    /// Every recipient of the chunk, from its outcomes and from its jobs.
    private func places(of chunk: Int32) -> SQL {
        """
        SELECT ordinal, endpoint_key
          FROM send_outcomes
         WHERE run_day = \(day) AND chunk = \(chunk) AND app = \(app) AND run = \(run)
         UNION
        SELECT coalesce(j.ordinals[n], n - 1), j.recipients[n]
          FROM jobs j, generate_series(1, cardinality(j.recipients)) AS n
         WHERE j.app = \(app) AND j.run = \(run) AND j.chunk = \(chunk)
        """
    }

    /// The range without the key as a bound: a random one between the neighbours', so that ranges still do not overlap.
    private func newRange(
        of chunk: Chunk, inner: (min: Int64?, max: Int64?), _ random: () -> UInt64, in session: Session
    ) async throws -> ClosedRange<Int64> {
        var (first, last) = (chunk.range.lowerBound, chunk.range.upperBound)
        guard first == key || last == key else { return chunk.range }
        let row = try await session.query(
            """
            SELECT max(last_key) FILTER (WHERE last_key < \(first)), min(first_key) FILTER (WHERE first_key > \(last))
              FROM run_chunks
             WHERE app = \(app) AND run = \(run) AND treatment = \(chunk.treatment) AND slot = \(chunk.slot)
               AND lane = \(chunk.lane)
            """
        )[0]
        let (before, after): (Int64?, Int64?) = (try row.get(0), try row.get(1))
        // The last chunk so far may yet get a neighbour behind it.
        let (lowest, highest) = (before.map { $0 + 1 } ?? .min, after.map { $0 - 1 } ?? last)
        if first == key { first = Self.between(lowest, inner.min ?? highest, random()) }
        if last == key { last = Self.between(inner.max ?? first, highest, random()) }
        return first...max(first, last)
    }

    private static func between(_ low: Int64, _ high: Int64, _ random: UInt64) -> Int64 {
        let width = UInt64(bitPattern: high &- low) &+ 1
        return width == 0 ? Int64(bitPattern: random) : low &+ Int64(bitPattern: random % width)
    }
}
