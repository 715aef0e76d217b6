import Core
import Delivery
import EventLoop
import Model
import Postgres
import Providers
import Queue
import TestKit

/// One person, one run, one job of any channel on a real database: what a provider's answer does to the books.
struct LedgerFixture {
    let app = AppID(high: 1, low: 1)
    let run = RunID(high: 2, low: 2)
    let campaign = CampaignID(high: 3, low: 3)
    let key: Int64 = 1
    let channelType: String
    let queue: JobQueue
    let database: Database
    let environment: Environment

    init(_ channelType: String, address: String) async throws {
        let test = try TestDatabase.current
        database = test.database
        environment = test.environment
        self.channelType = channelType
        let treatment = Self.treatment(channelType)
        queue = treatment.senders[channelType] ?? .custom
        try await start(treatment, address)
    }

    /// A treatment that has a message for endpoints of the type.
    private static func treatment(_ channelType: String) -> RunPlan.Treatment {
        var treatment = RunPlan.Treatment(name: nil, sizePercent: 100, email: nil)
        switch channelType {
        case "EMAIL": treatment.email = .init(from: "shop@example.com", subject: "Hello", html: nil, text: "Hello")
        case "SMS": treatment.sms = .init(body: "Hello")
        case "VOICE": treatment.voice = .init(body: "Hello")
        case "CUSTOM":
            treatment.custom = .init(data: "{}", deliveryURI: "https://example.com", endpointTypes: ["CUSTOM"])
        case let type: treatment.push = .init(messages: [type: ["Body": "Hello"]])
        }
        return treatment
    }

    private func start(_ treatment: RunPlan.Treatment, _ address: String) async throws {
        let now = environment.now()
        let plan = RunPlan(
            account: "000000000000", app: app, campaign: campaign, campaignVersion: 1, campaignName: "test", run: run,
            runDay: now.day, scheduledAt: now, expiresAt: now + .seconds(86_400), deliveryPolicy: .atMostOnce,
            holdoutPercent: 0, treatments: [treatment])
        try await Partitions(database).ensure(.sendOutcomes, for: now.day)
        try await database.transaction { session in
            try await session.execute(
                """
                INSERT INTO endpoints (app, endpoint_key, external_id, channel_type, address, address_hash, cohort,
                                       effective_at, created_at)
                VALUES (\(app), \(key), 'e1', \(channelType), \(address), '\\x01', 0, \(now), \(now))
                """)
            try await session.execute(
                """
                INSERT INTO runs (app, id, campaign, campaign_version, occurrence, run_day, state, frozen, scheduled_at,
                                  started_at, fanned_out, planned)
                VALUES (\(app), \(run), \(campaign), 1, '1', \(now.day), 'RUNNING',
                        \(SQLBind.jsonb(plan.json.serialized)), \(now), \(now), true, 1)
                """)
            try await session.execute(
                """
                INSERT INTO run_chunks (app, run, chunk, treatment, first_key, last_key, size, digest)
                VALUES (\(app), \(run), 0, 0, \(key), \(key), 1, sha256(int8send(\(key))))
                """)
            var job = NewJob(queue: queue, kind: ChunkDelivery.kind, dueAt: now)
            job.app = app
            job.send = SendCause(run: run, runDay: now.day, chunk: 0, treatment: 0)
            job.recipients = [key]
            try await Queue.enqueue(job, in: session)
        }
    }

    /// Takes the job once through gate, `channel` and ledger.
    func deliver(by channel: any DeliveryChannel) async throws {
        let lease = LeaseTerms(owner: HexID(high: 9, low: 9), duration: .seconds(30))
        let delivery = ChunkDelivery(
            channel: channel, database: database, environment: environment, lease: lease, window: 4)
        let jobs = try await Claim.take(
            queue, maximumPriority: .max, limit: 1, lease: lease, now: environment.now(), in: database)
        for job in jobs { try await delivery.run(job, HeldLease(terms: lease)) }
    }

    // MARK: What is written

    struct Books: Equatable {
        var state: Int16?
        var reason: String?
        var providerReference: String?
        /// Of the job that is left: seconds until it is due, transient refusals so far.
        var waits: Int64?
        var retries: Int16?
        var suppression: String?
    }

    func books() async throws -> Books {
        var books = Books()
        let outcomes = try await database.query("SELECT outcome, reason, provider_ref FROM send_outcomes")
        if let row = outcomes.first {
            (books.state, books.reason, books.providerReference) = (try row.get(0), try row.get(1), try row.get(2))
        }
        let jobs = try await database.query(
            """
            SELECT floor(extract(epoch FROM due_at - \(environment.now())))::bigint, retries
              FROM jobs WHERE queue = \(queue.name)
            """)
        if let row = jobs.first { (books.waits, books.retries) = (try row.get(0), try row.get(1)) }
        books.suppression = try await database.query("SELECT reason FROM suppressions").first?.get(0)
        return books
    }

    /// Of the books' own proof.
    func violations() async throws -> [LedgerProof.Violation] {
        try await database.withSession { session in
            guard let sheet = try await Ledger.balance(app, run: run, in: session) else { return [] }
            return try await LedgerProof.violations(sheet, app: app, in: session)
        }
    }
}

/// A channel without rendering: what the provider is given is made by the test.
struct BareChannel<Message: OutgoingMessage>: DeliveryChannel, PreparedRun {
    let queue: JobQueue
    let provider: Provider<Message>
    let message: @Sendable (Send) -> Message

    func prepare(_ plan: RunPlan) throws -> any PreparedRun { self }

    func deliver(_ sends: [Send], startBefore: Int64) async -> [SendOutcome] {
        await provider.deliver(sends.map(message), startBefore: startBefore)
    }
}
