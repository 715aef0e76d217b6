import Core
import Crypto
import EventLoop
import Model
import Postgres
import Queue
import TestKit
import Testing

/// A run of ten people on a real database, whose messages a test reports on. The clock moves when the test says so.
final class InboundFixture: Sendable {
    let app = AppID(high: 1, low: 1)
    let other = AppID(high: 1, low: 2)
    let run = RunID(high: 2, low: 2)
    let campaign = CampaignID(high: 3, low: 3)
    let provider = ProviderID(high: 4, low: 4)
    let day = Day(year: 1998, month: 7, day: 1)
    let database: Database
    let references: SendReferences
    let hasher: SuppressionHasher
    let replies = RecordedReplies()
    private let clock = Lock(Instant(seconds: 899_251_200))
    private let calls = Lock<UInt64>(0)

    init() throws {
        let clock = clock
        var environment = TestEnvironment.make()
        environment.now = { clock.withLock { $0 } }
        environment.realNow = { clock.withLock { $0 } }
        database = try TestDatabase.current.makeDatabase(environment: environment)
        let key = try MasterKey(bytes: [UInt8](repeating: 7, count: 32))
        references = SendReferences(masterKey: key)
        hasher = SuppressionHasher(masterKey: key)
    }

    var now: Instant { clock.withLock { $0 } }

    func wait(_ duration: Duration) { clock.withLock { $0 = $0 + duration } }

    var applier: InboundApplier {
        InboundApplier(
            database: database, lookup: SendLookup(database: database, references: references, hasher: hasher),
            triggers: TriggerRegistry(database: database), hasher: hasher, replies: replies)
    }

    var plan: RunPlan {
        RunPlan(
            account: "000000000000", app: app, campaign: campaign, campaignVersion: 1, campaignName: "test", run: run,
            runDay: day, scheduledAt: now, expiresAt: now + .seconds(3600), deliveryPolicy: .atMostOnce,
            holdoutPercent: 0, treatments: [.init(name: nil, sizePercent: 100, email: nil)])
    }

    func start(channel: String = "EMAIL") async throws {
        try await ChangeLogAudit.install(in: database)
        try await Partitions(database, retention: PartitionRetention(pastDays: 20_000)).ensure(.sendOutcomes, for: day)
        for id in [app, other] {
            try await database.execute(
                """
                INSERT INTO apps (id, account, name, settings_modified_at, created_at)
                VALUES (\(id), '000000000000', 'shop', \(now), \(now))
                """)
        }
        try await database.execute(
            """
            INSERT INTO runs (app, id, campaign, campaign_version, occurrence, run_day, state, frozen, scheduled_at,
                              started_at, fanned_out, planned)
            VALUES (\(app), \(run), \(campaign), 1, 'once', \(day), 'RUNNING', \(SQLBind.jsonb(plan.json.serialized)),
                    \(now), \(now), true, 10)
            """)
        for key in 1...10 {
            try await database.transaction { session in
                try await session.execute(
                    """
                    WITH changed AS (
                        INSERT INTO endpoints (app, endpoint_key, external_id, channel_type, address, address_hash, cohort,
                                               effective_at, created_at)
                        VALUES (\(app), \(Int64(key)), \("e\(key)"), \(channel), \(address(key, channel)),
                                \(SQLBind.bytes(hasher.hash(address(key, channel), channel: channel, app: app))),
                                \(Int16(key)), \(now), \(now))
                        RETURNING app, endpoint_key)
                    \(ChangeLog.rowsOfChangedKeys(at: now))
                    """)
            }
        }
    }

    func address(_ key: Int, _ channel: String = "EMAIL") -> String {
        channel == "EMAIL" ? "p\(key)@example.com" : "+1555000\(1000 + key)"
    }

    /// Of the person whose key it is; place in the chunk = key − 1.
    func reference(_ key: Int, run: RunID? = nil) -> String {
        references.mint(
            SendReference(
                run: run ?? self.run, chunk: 0, ordinal: Int32(key - 1), endpointKey: Int64(key), treatment: 0))
    }

    func book(
        _ key: Int, _ state: TerminalState = .accepted, _ reason: OutcomeReason? = nil, providerReference: String? = nil
    )
        async throws
    {
        let cause = SendCause(run: run, runDay: day, chunk: 0, treatment: 0)
        let row = SendOutcomeRow(
            endpointKey: Int64(key), ordinal: Int32(key - 1), state: state, reason: reason,
            providerReference: providerReference)
        let (plan, now) = (plan, now)
        try await database.transaction { try await OutcomeStore.append([row], of: cause, plan: plan, at: now, in: $0) }
    }

    /// Stores a call that says this, and works on it.
    @discardableResult
    func report(
        _ events: InboundEvent..., app: AppID? = nil, isLastChance: Bool = false
    ) async throws -> InboundApplier.Report {
        try await work(on: call(app ?? self.app), events, isLastChance: isLastChance)
    }

    func call(_ app: AppID) async throws -> StoredCall {
        let number = calls.withLock { number in
            number += 1
            return number
        }
        let call = StoredCall(
            id: InboundCallID(high: UInt64(now.milliseconds) << 16, low: number), app: app, provider: provider,
            kind: "test", channel: "EMAIL", what: "receipts", body: [1], receivedAt: now)
        let statements = InboundStore.statements(adding: [call], now: now)
        try await database.transaction { _ = try await $0.batch(statements) }
        return call
    }

    func work(on call: StoredCall, _ events: [InboundEvent], isLastChance: Bool = false) async throws
        -> InboundApplier.Report
    {
        try await applier.apply(
            events.enumerated().map { IncomingEvent($1, place: $0, of: call, isLastChance: isLastChance) },
            of: [call.id])
    }

    func receipt(_ kind: Receipt.Kind, _ key: Int, id: String? = nil, channel: String = "EMAIL") -> InboundEvent {
        .receipt(Receipt(kind, channel: channel, key: id ?? "\(kind.rawValue)-\(key)", reference: reference(key)))
    }

    func count(_ sql: SQL) async throws -> Int64 { try await database.query(sql)[0].get(0) }

    func texts(_ sql: SQL) async throws -> [String] { try await database.query(sql).map { try $0.get(0) } }

    /// Everything committed so far.
    func rollUp() async throws {
        try await eventually {
            _ = try await database.transaction { try await RollupStore.step(in: $0) }
            return try await database.withSession { try await RollupStore.isCurrent(in: $0) }
        }
    }

    func figures() async throws -> KeyFigureCounts? {
        try await rollUp()
        let range = (now - .seconds(86_400 * 20))...(now + .seconds(86_400))
        return try await database.withSession {
            try await KeyFigureCounts.load(app, campaign: campaign, range: range, by: .none, in: $0)
        }.first?.counts
    }
}

/// Keeps what it is handed; "explode" is what it cannot take.
final class RecordedReplies: ReplyHandler {
    private let kept = Lock<[(reply: Reply, origin: ReplyOrigin)]>([])

    var texts: [String] { kept.withLock { $0.map(\.reply.text) } }
    var origins: [ReplyOrigin] { kept.withLock { $0.map(\.origin) } }

    func handle(_ reply: Reply, from origin: ReplyOrigin, in session: Session) async throws -> ReplyOutcome {
        if reply.text == "explode" { throw Fault(.integrity, "this reply cannot be taken") }
        kept.withLock { $0.append((reply, origin)) }
        return ReplyOutcome()
    }
}
