import Core
import PinpointAPI
import Postgres
import Queue

/// One transaction for several requests. Endpoints first, because their rows are locked in order; then the events by COPY; then
/// what follows from both, with COMMIT in the same round trip.
struct IngestCommit {
    /// How events are written.
    enum EventMode {
        /// Straight into the table: half the work, but one repeated event fails it (23505).
        case copy
        /// Into a temporary table first, and from there what is new.
        case deduplicate
    }

    /// What a commit did.
    struct Result {
        var outcomes: [IngestOutcome]
        /// Attribute names that their apps did not have before.
        var newNames: [AppID: Set<AttributeName>] = [:]
        /// Some of the events have started campaigns.
        var hasTriggered = false
    }

    let requests: [IngestRequest]
    /// Of the apps with writes.
    let attributes: [AppID: AppAttributes]
    let hasher: SuppressionHasher
    let now: Instant

    func run(_ mode: EventMode, in session: Session) async throws -> Result {
        var log = ChangeLog()
        var statements: [SQL] = []
        var result = Result(outcomes: requests.map { _ in IngestOutcome(writes: []) })
        if requests.contains(where: { !$0.writes.isEmpty }) {
            var plan = EndpointPlan(try await withOwnUsers(in: session), attributes: attributes)
            try await plan.load(in: session)
            result.outcomes = plan.decide(hasher: hasher).map(IngestOutcome.init)
            result.newNames = plan.newNames
            statements += plan.statements(at: now)
            for (app, keys) in plan.changedKeys { log.touch(app, keys) }
        }
        var engagements = requests.compactMap(\.engagement)
        var triggered = requests.map { $0.events?.triggered ?? [] }
        if requests.contains(where: { ($0.events?.count ?? 0) > 0 }) {
            switch mode {
            case .copy: try await copyEvents(&log, in: session)
            case .deduplicate:
                let new = try await insertNewEvents(&log, in: session)
                engagements = new.engagements
                triggered = TriggeredEvent.new(triggered, new.events)
            }
        }
        try await EngagementStore.count(engagements, &log, in: session)
        statements += requests.compactMap(\.unsubscribe).map(suppress)
        let jobs = jobs(for: triggered)
        result.hasTriggered = !jobs.isEmpty
        statements += jobs
        statements += log.statements(at: now)
        // Last, because it travels with COMMIT and costs no round trip; that one of the apps is gone is rare.
        let apps = Set(requests.map(\.app)).sorted()
        try await session.commit(with: [AppStore.requireAlive(apps)] + statements)
        return result
    }

    /// The requests, with the endpoint's own user in writes that have attributes of a user and name none. They are rare, and
    /// cost a round trip.
    private func withOwnUsers(in session: Session) async throws -> [IngestRequest] {
        guard requests.contains(where: { $0.writes.contains(where: \.keepsUser) }) else { return requests }
        let writes = requests.flatMap(\.writes).filter(\.keepsUser)
        let references = Set(writes.map { EndpointReference(app: $0.app, key: $0.identity.key) }).sorted()
        let rows = try await session.query(
            """
            SELECT w.place, e.user_id
              FROM unnest(\(references.map(\.app)), \(references.map(\.key))) WITH ORDINALITY AS w (app, key, place)
              JOIN endpoints e ON e.app = w.app AND e.endpoint_key = w.key
            """
        )
        var users: [EndpointReference: String] = [:]
        for row in rows { users[references[try row.get(0) - 1]] = try row.get(1) }
        return requests.map { request in
            var request = request
            for index in request.writes.indices where request.writes[index].keepsUser {
                let write = request.writes[index]
                request.writes[index].userID = users[EndpointReference(app: write.app, key: write.identity.key)]
            }
            return request
        }
    }

    private var rows: CopyWriter {
        var rows = CopyWriter(
            columns: EventRows.columns, reservingBytes: requests.reduce(64) { $0 + ($1.events?.byteCount ?? 0) })
        for request in requests {
            if let events = request.events { rows.append(rowsOf: events.copy) }
        }
        return rows
    }

    private func copyEvents(_ log: inout ChangeLog, in session: Session) async throws {
        try await session.copyIn(
            """
            COPY events (week, endpoint_key, id, app, type, at, received_at, attributes, metrics, context)
            FROM STDIN (FORMAT binary)
            """,
            rows
        )
        for request in requests {
            guard let events = request.events else { continue }
            log.touch(request.app, events.endpointKeys, eventsIn: events.weeks)
            for tally in events.tallies {
                log.count(request.app, type: tally.type, minute: tally.minute, n: tally.count)
            }
        }
    }

    /// One for each campaign that events of this commit start, in the same transaction: acknowledged is enqueued.
    private func jobs(for triggered: [[TriggeredEvent]]) -> [SQL] {
        var byApp: [AppID: (events: [TriggeredEvent], receivedAt: Instant)] = [:]
        for (request, events) in zip(requests, triggered) where !events.isEmpty {
            let receivedAt = request.events?.receivedAt ?? now
            let sum = byApp[request.app] ?? ([], receivedAt)
            byApp[request.app] = (sum.events + events, min(sum.receivedAt, receivedAt))
        }
        return byApp.sorted { $0.key < $1.key }.flatMap { app, sum in
            TriggerJob.jobs(for: sum.events, app: app, receivedAt: sum.receivedAt).map { Queue.insert($0.job) }
        }
    }

    /// What of the commit's events was not there before.
    private struct NewEvents {
        var engagements: [Engagement] = []
        var events: Set<EventID> = []
    }

    /// Repeated events (also within the batch) are left out, and so is all that they would count or start.
    private func insertNewEvents(_ log: inout ChangeLog, in session: Session) async throws -> NewEvents {
        if try await session.query("SELECT 1 WHERE to_regclass('pg_temp.ingest_events') IS NOT NULL").isEmpty {
            try await session.execute("CREATE TEMP TABLE ingest_events (LIKE events) ON COMMIT DELETE ROWS")
        }
        try await session.copyIn(
            """
            COPY pg_temp.ingest_events (week, endpoint_key, id, app, type, at, received_at, attributes, metrics, context)
            FROM STDIN (FORMAT binary)
            """,
            rows
        )
        let fresh = try await session.query(
            """
            INSERT INTO events
            SELECT * FROM pg_temp.ingest_events
                ON CONFLICT DO NOTHING
            RETURNING app, endpoint_key, type, at, id
            """
        )
        var engaged: Set<EngagedEvent> = []
        var new = NewEvents()
        for row in fresh {
            let event = EngagedEvent(app: try row.get(0), key: try row.get(1), type: try row.get(2), at: try row.get(3))
            engaged.insert(event)
            new.events.insert(try row.get(4))
            log.touch(event.app, CollectionOfOne(event.key), eventsIn: CollectionOfOne(event.at.day.weekStart))
            log.count(event.app, type: event.type, minute: event.at.seconds.flooredDivision(by: 60), n: 1)
        }
        new.engagements = requests.compactMap(\.engagement).filter {
            engaged.contains(EngagedEvent(app: $0.app, key: $0.endpointKey, type: $0.kind.rawValue, at: $0.at))
        }
        return new
    }

    private struct EngagedEvent: Hashable {
        let app: AppID
        let key: Int64
        let type: String
        let at: Instant
    }

    private func suppress(_ unsubscribe: Unsubscribe) -> SQL {
        """
        WITH changed AS (
            INSERT INTO suppressions (app, channel, address_hash, reason, source, created_at)
            SELECT app, channel_type, address_hash, \(SuppressionReason.unsubscribe.rawValue),
                   \(SQLBind.jsonb(unsubscribe.source.serialized)), \(unsubscribe.at)
              FROM endpoints
             WHERE app = \(unsubscribe.app) AND endpoint_key = \(unsubscribe.endpointKey)
               AND channel_type = 'EMAIL' AND address_hash IS NOT NULL
            ON CONFLICT (app, channel, address_hash) DO NOTHING
            RETURNING app, address_hash)
        \(ChangeLog.rowsOfChangedAddresses(at: now))
        """
    }
}
