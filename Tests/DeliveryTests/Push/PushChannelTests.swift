import Core
import Crypto
import HTTPClient
import Model
import Postgres
import Providers
import Queue
import Runtime
import TestKit
import Testing

@testable import Delivery

/// The push channel from the job to the ledger, against the services' look-alikes, configured as Pinpoint's channel API stores it and
/// as providers.
@Suite(.database) struct PushChannelTests {
    private let app = AppID(high: 1, low: 1)
    private let run = RunID(high: 2, low: 2)
    private let database: Database
    private let environment: Environment
    private let masterKey: MasterKey

    init() throws {
        database = try TestDatabase.current.database
        // The peer's checks are by the real clock.
        environment = TestEnvironment.make(realNow: SystemEnvironment.realNow())
        masterKey = try MasterKey(bytes: [UInt8](repeating: 7, count: 32))
    }

    private func channel(_ peer: PushPeer?, isDevInboxOn: Bool = false) throws -> (PushChannel, OutboundClient) {
        let allow = try #require(OutboundAllowList("127.0.0.1/32,::1/128"))
        let client = OutboundClient(
            rules: OutboundRules(allow: allow, certificateAuthorityFile: peer?.certificateAuthorityFile),
            environment: environment, metrics: Metrics())
        let tools = ProviderTools(
            client: client, database: database, environment: environment, metrics: Metrics(),
            publicURL: "https://n.example", isDevInboxOn: isDevInboxOn)
        return (PushChannel(tools, masterKey: masterKey), client)
    }

    /// A row of `channels` as the channel API leaves it, `secrets` sealed.
    private func configure(
        _ type: String, secrets: JSONObject, provider kind: String? = nil, settings: JSONObject = [:]
    )
        async throws
    {
        let sealed = try masterKey.seal(
            JSON.object(secrets).serialized, at: ChannelSetup.secretsPlace(app, type))
        let now = environment.now()
        try await database.execute(
            """
            INSERT INTO channels (app, type, configuration, secrets, enabled, created_at, modified_at)
            VALUES (\(app), \(type), '{}', \(SQLBind.bytes(sealed)), true, \(now), \(now))
            """)
        guard let kind else { return }
        let stored = StoredProvider(
            id: ProviderID(high: 5, low: type.utf8.reduce(0) { $0 &* 31 &+ UInt64($1) }), name: kind, kind: kind,
            settings: settings)
        try await database.transaction { session in
            try await ProviderStore.replace(
                app, channel: type, with: [stored], key: masterKey, now: now, in: session)
        }
    }

    private func addPeople(_ people: [(type: String, address: String)]) async throws {
        let hasher = SuppressionHasher(masterKey: masterKey)
        let now = environment.now()
        for (place, person) in people.enumerated() {
            let hash = hasher.hash(person.address, channel: person.type, app: app)
            try await database.execute(
                """
                INSERT INTO endpoints (app, endpoint_key, external_id, channel_type, address, address_hash, cohort,
                                       attributes, effective_at, created_at)
                VALUES (\(app), \(Int64(place + 1)), \("e\(place + 1)"), \(person.type), \(person.address),
                        \(SQLBind.bytes(hash)), 0, \(SQLBind.jsonb(Array(#"{"Name": ["P\#(place + 1)"]}"#.utf8))), \(now), \(now))
                """)
        }
    }

    private func deliver(
        _ channel: PushChannel, to count: Int, run: RunID? = nil,
        message: JSONObject = ["Body": "Hi {{Attributes.Name}}"]
    ) async throws {
        let run = run ?? self.run
        let now = environment.now()
        var treatment = RunPlan.Treatment(name: nil, sizePercent: 100, email: nil)
        let types = ["GCM", "APNS", "ADM", "PUSH", "BAIDU"]
        treatment.push = .init(messages: Dictionary(uniqueKeysWithValues: types.map { ($0, message) }))
        let plan = RunPlan(
            account: "000000000000", app: app, campaign: CampaignID(high: 3, low: 3), campaignVersion: 1,
            campaignName: "test", run: run, runDay: now.day, scheduledAt: now, expiresAt: now + .seconds(3600),
            deliveryPolicy: .atMostOnce, holdoutPercent: 0, treatments: [treatment])
        try await Partitions(database).ensure(.sendOutcomes, for: now.day)
        let keys = (1...Int64(count)).map { $0 }
        try await database.transaction { session in
            try await session.execute(
                """
                INSERT INTO runs (app, id, campaign, campaign_version, occurrence, run_day, state, frozen, scheduled_at,
                                  started_at, fanned_out, planned)
                VALUES (\(app), \(run), \(plan.campaign), 1, \(run.description), \(now.day), 'RUNNING',
                        \(SQLBind.jsonb(plan.json.serialized)), \(now), \(now), true, \(Int64(count)))
                """)
            try await session.execute(
                """
                INSERT INTO run_chunks (app, run, chunk, treatment, first_key, last_key, size, digest)
                SELECT \(app), \(run), 0, 0, 1, \(Int64(count)), \(Int32(count)),
                       sha256(string_agg(int8send(k), ''::bytea ORDER BY k)) FROM unnest(\(keys)) AS k
                """)
            var job = NewJob(queue: .push, kind: ChunkDelivery.kind, dueAt: now)
            job.app = app
            job.send = SendCause(run: run, runDay: now.day, chunk: 0, treatment: 0)
            job.recipients = keys
            try await Queue.enqueue(job, in: session)
        }
        let lease = LeaseTerms(owner: HexID(high: 9, low: 9), duration: .seconds(30))
        let delivery = ChunkDelivery(
            channel: channel, database: database, environment: environment, lease: lease, window: 50)
        let jobs = try await Claim.take(
            .push, maximumPriority: .max, limit: 1, lease: lease, now: now, in: database)
        for job in jobs { try await delivery.run(job, HeldLease(terms: lease)) }
    }

    private func outcomes(of run: RunID? = nil) async throws -> [String] {
        try await database.query(
            "SELECT outcome, reason FROM send_outcomes WHERE run = \(run ?? self.run) ORDER BY endpoint_key"
        ).map { row in
            let (outcome, reason): (Int16, String?) = (try row.get(0), try row.get(1))
            return [String(outcome), reason].compactMap { $0 }.joined(separator: " ")
        }
    }

    @Test
    func `one window goes to every service, each in its own form; a dead token is suppressed, and the next run knows`()
        async throws
    {
        let peer = try await PushPeer.start()
        for (type, kind) in [("GCM", "fcm"), ("APNS", "apns"), ("ADM", "adm"), ("BAIDU", "baidu")] {
            var fields = try peer.credentials(kind)
            fields["Url"] = nil
            try await configure(type, secrets: fields, provider: kind, settings: ["Url": .string(peer.url)])
        }
        try await configure("PUSH", secrets: try peer.credentials("webpush"), provider: "webpush")
        try await addPeople([
            ("GCM", "ok"), ("GCM", "UNREGISTERED"), ("APNS", "00ff"), ("APNS", "03ff"), ("ADM", "ok"),
            ("PUSH", try peer.subscription("201")), ("PUSH", try peer.subscription("410")), ("BAIDU", "ok"),
            ("ADM", "New-1"),
        ])
        let (channel, client) = try channel(peer)
        try await deliver(channel, to: 9)
        #expect(try peer.calls().compactMap { $0["problem"]?.string } == [])
        #expect(
            try await outcomes() == ["1", "2 ADDRESS", "1", "2 ADDRESS", "1", "1", "2 ADDRESS", "1", "1"])
        let rows = try await database.query(
            "SELECT channel, reason, source->>'detail' FROM suppressions ORDER BY channel")
        #expect(
            try rows.map { [try $0.get(0), try $0.get(1), try $0.get(2)] as [String] } == [
                ["APNS", "DEAD_TOKEN", "410 Unregistered"], ["GCM", "DEAD_TOKEN", "404 UNREGISTERED"],
                ["PUSH", "DEAD_TOKEN", "410 errno 106"],
            ])
        let bodies =
            try peer.calls().compactMap { $0["body"]?.string ?? "" } + peer.calls().map { $0["plaintext"]?.text ?? "" }
        for place in 1...9 { #expect(bodies.contains { $0.contains("Hi P\(place)") || $0.contains("Hi%20P\(place)") }) }

        // What Amazon said of the device's new id is the endpoint's address, under its own hash.
        let row = try await database.query("SELECT address, address_hash FROM endpoints WHERE endpoint_key = 9")[0]
        #expect(try row.get(0) == "Newer-1")
        let hash = SuppressionHasher(masterKey: masterKey).hash("Newer-1", channel: "ADM", app: app)
        #expect(try row.get(1) == hash)

        let next = RunID(high: 2, low: 3)
        try await deliver(channel, to: 9, run: next)
        #expect(
            try await outcomes(of: next) == [
                "1", "3 SUPPRESSED_DEAD_TOKEN", "1", "3 SUPPRESSED_DEAD_TOKEN", "1", "1", "3 SUPPRESSED_DEAD_TOKEN",
                "1",
                "1",
            ])
        client.close()
    }

    @Test func `the channel's own credentials send by the platform itself`() async throws {
        // Without a provider nothing says that the platform is elsewhere: Apple is not asked, because loopback is all that is allowed.
        let key = """
            -----BEGIN PRIVATE KEY-----
            nonsense
            -----END PRIVATE KEY-----
            """
        try await configure(
            "APNS", secrets: ["TokenKey": .string(key), "TeamId": "T", "TokenKeyId": "K", "BundleId": "b"])
        try await configure("GCM", secrets: ["ApiKey": "legacy"])
        try await addPeople([("APNS", "00ff"), ("GCM", "ok"), ("BAIDU", "ok")])
        let (channel, client) = try channel(nil)
        let plan = try await configuredOutcomes(channel)
        #expect(plan["APNS"]?.contains("private key cannot be read") == true)
        #expect(plan["GCM"]?.contains("legacy ApiKey") == true)
        #expect(plan["BAIDU"] == "the app's channel BAIDU is not enabled")
        client.close()
    }

    /// What each channel's provider says to a message.
    private func configuredOutcomes(_ channel: PushChannel) async throws -> [String: String] {
        var details: [String: String] = [:]
        for type in ["APNS", "GCM", "BAIDU"] {
            let provider = await channel.providers.provider(of: app, type)
            let message = OutgoingPush(address: "00ff", channelType: type, payload: Array("{}".utf8), token: "t")
            if case .rejected(.configuration, let detail, false) = await provider.deliver([message])[0] {
                details[type] = detail
            }
        }
        return details
    }

    @Test func `without credentials the development inbox shows the payload`() async throws {
        try await configure("GCM", secrets: [:])
        try await addPeople([("GCM", "device"), ("PUSH", "anything")])
        let (channel, client) = try channel(nil, isDevInboxOn: true)
        try await deliver(channel, to: 2)
        #expect(try await outcomes() == ["1", "1"])
        let rows = try await database.query("SELECT convert_from(raw, 'UTF8') FROM dev_inbox ORDER BY channel")
        #expect(try rows.map { try ($0.get(0) as String).contains("Hi P") } == [true, true])
        client.close()
    }
}
