package import Core
package import Postgres
package import Queue

/// The table `inbound_calls`, and the jobs that work on it.
package enum InboundStore {
    /// Kind of the jobs of queue `inbound` that work on calls.
    package static let jobKind = "inbound.calls"
    /// What the development inbox puts in is of this kind, and of the provider that is all zeros.
    package static let devInboxKind = "dev-inbox"
    package static let devInbox = ProviderID(high: 0, low: 0)
    /// Calls of one job: bounds its transaction.
    package static let callsPerJob = 200
    /// How long calls that were worked on are kept, to look into.
    package static let keptFor: Duration = .seconds(7 * 86_400)
    /// Providers repeat for up to three days (SendGrid), SNS by a policy of the topic's owner for longer.
    package static let eventsKeptFor: Duration = .seconds(30 * 86_400)
    package static let prunedPerBatch = 2000

    /// Calls and the jobs that work on them, in one transaction with whatever else is true then. Repeating it adds no call twice.
    /// `now` is business time.
    package static func statements(adding calls: [StoredCall], now: Instant) -> [SQL] {
        let insert: SQL = """
            INSERT INTO inbound_calls (id, app, provider, kind, channel, method, what, url, query, headers, body, received_at)
            SELECT *
              FROM unnest(\(calls.map(\.id)), \(calls.map(\.app)), \(calls.map(\.provider)), \(calls.map(\.kind)),
                          \(calls.map(\.channel)), \(calls.map(\.method)), \(calls.map(\.what)), \(calls.map(\.url)),
                          \(calls.map(\.query)), \(SQLBind.jsonbArray(calls.map(headers))),
                          \(SQLBind.bytesArray(calls.map(\.body))), \(SQLBind.instantArray(calls.map(\.receivedAt))))
            ON CONFLICT (id) DO NOTHING
            """
        var statements = [insert]
        for (isReport, priority) in [(false, Int16(0)), (true, 10)] {
            let ids = calls.filter { $0.isReport == isReport }.map(\.id)
            for start in stride(from: 0, to: ids.count, by: callsPerJob) {
                let part = Array(ids[start..<min(start + callsPerJob, ids.count)])
                statements.append(Queue.insert(job(for: part, priority: priority, dueAt: now)))
            }
        }
        return statements
    }

    /// `round`: how often these calls have been put off.
    package static func job(
        for calls: [InboundCallID], priority: Int16, dueAt: Instant, round: Int = 0
    ) -> NewJob {
        var job = NewJob(queue: .inbound, kind: jobKind, dueAt: dueAt)
        job.priority = priority
        job.payload = [
            "calls": .array(calls.map { .string($0.description) }), "round": .integer(Int64(round)),
        ]
        return job
    }

    /// What the development inbox's buttons do, as if a provider had reported it.
    package static func add(
        _ event: InboundEvent, app: AppID, channel: String, environment: Environment, in session: Session
    )
        async throws
    {
        let now = environment.realNow()
        let call = StoredCall(
            id: StoredCall.newID(at: now, environment), app: app, provider: devInbox, kind: devInboxKind,
            channel: channel, what: "event", body: event.json.serialized, receivedAt: now)
        _ = try await session.batch(statements(adding: [call], now: environment.now()))
    }

    /// Those that wait to be worked on, in no particular order.
    package static func waiting(_ ids: [InboundCallID], in session: Session) async throws -> [StoredCall] {
        let rows = try await session.query(
            """
            SELECT id, app, provider, kind, channel, method, what, url, query, headers, body, received_at
              FROM inbound_calls
             WHERE id = ANY (\(ids)) AND state = 'WAITING'
            """)
        return try rows.map { row in
            let headers: JSON = try row.get(9)
            return StoredCall(
                id: try row.get(0), app: try row.get(1), provider: try row.get(2), kind: try row.get(3),
                channel: try row.get(4), method: try row.get(5), what: try row.get(6), url: try row.get(7),
                query: try row.get(8),
                headers: (headers.array ?? []).compactMap { pair in
                    guard let pair = pair.array, pair.count == 2, let name = pair[0].string, let value = pair[1].string
                    else { return nil }
                    return StoredCall.Header(name: name, value: value)
                },
                body: try row.get(10), receivedAt: try row.get(11))
        }
    }

    package enum Ending: String, Sendable {
        case done = "DONE"
        case orphan = "ORPHAN"
        case failed = "FAILED"
    }

    /// `error` names no secret and no address; at most 1 KiB of it is kept.
    package static func end(_ calls: [(id: InboundCallID, ending: Ending, error: String?)]) -> SQL {
        """
        UPDATE inbound_calls c
           SET state = w.state, error = w.error
          FROM unnest(\(calls.map(\.id)), \(calls.map(\.ending.rawValue)),
                      \(SQLBind.textArray(calls.map { $0.error.map { String($0.prefix(1024)) } }))) AS w (id, state, error)
         WHERE c.id = w.id AND c.state = 'WAITING'
        """
    }

    /// A bounded number of calls and events that have had their time; how many. `realNow` for calls, `now` for events.
    package static func prune(realNow: Instant, now: Instant, in session: Session) async throws -> Int {
        let last = InboundCallID(
            high: UInt64(bitPattern: (realNow - keptFor).milliseconds) << 16, low: 0)
        let calls = try await session.execute(
            """
            DELETE FROM inbound_calls
             WHERE id IN (SELECT id FROM inbound_calls
                           WHERE id < \(last) AND state <> 'WAITING'
                           ORDER BY id
                           LIMIT \(prunedPerBatch))
            """)
        let events = try await session.execute(
            """
            DELETE FROM inbound_events
             WHERE (provider, key) IN (SELECT provider, key FROM inbound_events
                                        WHERE applied_at < \(now - eventsKeptFor)
                                        ORDER BY applied_at
                                        LIMIT \(prunedPerBatch))
            """)
        // Of messages that never became whole; few.
        try await session.execute("DELETE FROM inbound_parts WHERE at < \(now - ReplyParts.keptFor)")
        return calls + events
    }

    private static func headers(_ call: StoredCall) -> [UInt8] {
        JSON.array(call.headers.map { .array([.string($0.name), .string($0.value)]) }).serialized
    }
}
