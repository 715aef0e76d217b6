import Core
import Crypto
import Delivery
import EventLoop
import Glibc
import HTTPClient
import Hosting
import Model
import Postgres
import Queue
import Runtime
import TestKit

@testable import InboundReply

/// The handler of replies with its jobs on the test's database, and an app with SMS and e-mail.
final class DeskUnderTest: Sendable {
    let app: AppID
    let desk: ReplyDesk
    let clock: Lock<Instant>
    let database: Database
    private let provider = ProviderID(high: 3, low: 3)

    static let ours = "+12065550100"

    private init(_ app: AppID, _ desk: ReplyDesk, _ clock: Lock<Instant>, _ database: Database) {
        self.app = app
        self.desk = desk
        self.clock = clock
        self.database = database
    }

    /// Runs `body` beside the lane that stores people's attributes and events.
    static func run(
        settings: [String: String] = [:], _ body: @Sendable (DeskUnderTest) async throws -> Void
    ) async throws {
        let test = try TestDatabase.current
        let clock = Lock(Instant(seconds: 899_251_200))
        var environment = test.environment
        environment.now = { clock.withLock { $0 } }
        let key = try secretFile([UInt8](repeating: 7, count: 32))
        defer { unlink(key) }
        let values = [
            "NEEDLETAIL_DATABASE_URL": test.url, "NEEDLETAIL_MASTER_KEY_FILE": key,
            "NEEDLETAIL_ACCOUNT_ID": "123456789012", "NEEDLETAIL_OUTBOUND_ALLOW": "127.0.0.1/32",
        ].merging(settings) { $1 }
        let context = try ServiceContext(
            name: "inbound-reply", configuration: Configuration(environment: values), environment: environment,
            loop: test.loop, metrics: Metrics())
        let desk = try ReplyDesk(context)
        let under = DeskUnderTest(AppID(high: 1, low: 7), desk, clock, test.database)
        try await under.makeApp()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask(executorPreference: test.loop) { await desk.ingest.runLane() }
            do {
                try await body(under)
            } catch {
                group.cancelAll()
                throw error
            }
            group.cancelAll()
        }
        desk.client.close()
        await context.database.close()
    }

    private static func secretFile(_ bytes: [UInt8]) throws -> String {
        var path = Array("/tmp/needletail-test-XXXXXX".utf8CString)
        let descriptor = mkstemp(&path)
        guard descriptor >= 0 else { throw TestKitError("no temporary file") }
        defer { close(descriptor) }
        guard write(descriptor, bytes, bytes.count) == bytes.count else { throw TestKitError("cannot write a file") }
        return String(decoding: path.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    private func makeApp() async throws {
        try await database.execute(
            """
            INSERT INTO apps (id, account, name, settings_modified_at, created_at)
            VALUES (\(app), '123456789012', 'Shop', \(now), \(now))
            """)
        for type in ["SMS", "EMAIL"] {
            try await database.execute(
                """
                INSERT INTO channels (app, type, configuration, enabled, created_at, modified_at)
                VALUES (\(app), \(type), '{"FromAddress": "shop@example.com", "Identity": "arn:aws:ses:eu-west-1:123456789012:identity/example.com"}', true, \(now), \(now))
                """)
        }
    }

    var now: Instant { clock.withLock { $0 } }

    func advance(_ duration: Duration) { clock.withLock { $0 = $0 + duration } }

    // MARK: Talking

    /// Numbers the replies, as providers do.
    private let count = Lock(0)

    @discardableResult
    func say(
        _ text: String, from: String = "+12065550142", to: String = DeskUnderTest.ours, channel: String = "SMS",
        send: SendReference? = nil, _ change: (inout Reply) -> Void = { _ in }
    ) async throws -> ReplyOutcome {
        let number = count.withLock { count in
            count += 1
            return count
        }
        var reply = Reply(key: "r\(number)", channel: channel, from: from, to: to, text: text)
        change(&reply)
        let origin = ReplyOrigin(app: app, provider: provider, channel: channel, send: send, now: now)
        let handler = ConversationHandler(desk: desk)
        return try await database.transaction { [reply] session in
            try await handler.handle(reply, from: origin, in: session)
        }
    }

    /// Does all jobs that are due, until there are none.
    func work() async throws {
        let worker = ReplyWorker(desk: desk)
        for _ in 0..<50 {
            let jobs = try await Claim.take(
                .replies, maximumPriority: .max, limit: 1, lease: worker.lease, now: now, in: database)
            guard let job = jobs.first else { return }
            try await worker.run(job)
        }
        throw TestKitError("the jobs have no end")
    }

    // MARK: Looking

    func conversation(_ from: String = "+12065550142", channel: String = "SMS") async throws -> Conversation {
        var filter = ConversationStore.Filter()
        filter.hash = desk.hasher.hash(from, channel: channel, app: app)
        let found = try await database.withSession { [app, filter] session in
            try await ConversationStore.list(app, filter, before: nil, limit: 2, in: session)
        }
        guard found.count == 1 else { throw TestKitError("\(found.count) conversations with \(from)") }
        return found[0]
    }

    /// Latest last: `IN STOP`, `KEYWORD Shop: You are …`.
    func transcript(_ from: String = "+12065550142", channel: String = "SMS") async throws -> [String] {
        let id = try await conversation(from, channel: channel).id
        let messages = try await database.withSession { [app] session in
            try await ConversationStore.messages(of: id, app, before: nil, limit: 100, in: session)
        }
        return messages.reversed().map { "\($0.author.rawValue) \($0.body)" }
    }

    /// Runs of answers, oldest first.
    func answers() async throws -> [RunPlan] {
        let rows = try await database.query(
            "SELECT id FROM runs WHERE app = \(app) AND campaign = \(TestRun.campaign) ORDER BY scheduled_at, frozen::text"
        )
        var plans: [RunPlan] = []
        for row in rows {
            let run: RunID = try row.get(0)
            let plan = try await database.withSession { [app] session in
                try await RunStore.plan(app, run: run, in: session)
            }
            if let plan { plans.append(plan) }
        }
        return plans
    }

    func isSuppressed(_ number: String = "+12065550142", channel: String = "SMS") async throws -> String? {
        let hash = desk.hasher.hash(number, channel: channel, app: app)
        let rows = try await database.query(
            "SELECT reason FROM suppressions WHERE app = \(app) AND channel = \(channel) AND address_hash = \(SQLBind.bytes(hash))"
        )
        return try rows.first?.get(0)
    }

    /// `type attribute` of all events, oldest first.
    func events() async throws -> [(type: String, attributes: JSON)] {
        try await database.query(
            "SELECT type, attributes FROM events WHERE app = \(app) ORDER BY at, type, attributes::text"
        ).map {
            (try $0.get(0), try $0.get(1))
        }
    }

    func rule(_ json: JSON) async throws {
        var secrets: JSONObject = [:]
        let rule = try ReplyRule(json, secrets: &secrets)
        let (id, key, now) = (desk.environment.newID(of: Noun.ReplyRule.self), desk.context.masterKey, now)
        try await database.transaction { [app, secrets] session in
            try await ReplyRuleStore.put(app, id, rule, secrets: secrets, key: key, now: now, in: session)
        }
    }

    func survey(_ json: JSON) async throws -> HexID<Noun.Survey> {
        let content = try SurveyDefinition(json)
        let (id, now) = (desk.environment.newID(of: Noun.Survey.self), now)
        try await database.transaction { [app] session in
            try await SurveyStore.put(app, id, content, now: now, in: session)
        }
        return id
    }
}
