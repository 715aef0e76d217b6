import Core
import Crypto
import Delivery
import EventLoop
import Model
import Postgres
import Providers
import Queue
import Runtime

/// An app with an audience, a template of about 10 KB and a segment, made through the public API.
struct EmailProject: Sendable {
    let suite: Suite
    let app: String
    let segment: String
    let template: String

    enum Loading {
        /// As a client does.
        case requests
        /// By SQL, for audiences that would take minutes.
        case statement
    }

    static func make(
        _ suite: Suite, recipients: Int, loading: Loading = .requests
    ) async throws -> EmailProject {
        let app = try suite.identifier(try await suite.call("POST", "/v1/apps", ["Name": "bench email"]))
        _ = try await suite.call(
            "PUT", "/v1/apps/\(app)/channels/email",
            [
                "FromAddress": "News <news@example.com>", "Enabled": true,
                "Identity": "arn:aws:ses:us-east-1:000000000000:identity/example.com",
            ])
        let template = "bench-\(Hex.lowercase(suite.environment.random(4)))"
        _ = try await suite.call("POST", "/v1/templates/\(template)/email", content)
        switch loading {
        case .requests: try await request(recipients, app, suite)
        case .statement: try await insert(recipients, app, suite)
        }
        let segment = try await suite.call(
            "POST", "/v1/apps/\(app)/segments",
            [
                "Name": "everyone",
                "Dimensions": ["Metrics": ["Purchases": ["ComparisonOperator": "GREATER_THAN_OR_EQUAL", "Value": 0]]],
            ])
        return EmailProject(suite: suite, app: app, segment: try suite.identifier(segment), template: template)
    }

    private static func request(_ recipients: Int, _ app: String, _ suite: Suite) async throws {
        for start in stride(from: 0, to: recipients, by: Limits.endpointsPerBatch) {
            let batch = (start..<min(start + Limits.endpointsPerBatch, recipients)).map(endpoint)
            _ = try await suite.call("PUT", "/v1/apps/\(app)/endpoints", ["Item": .array(batch)])
        }
    }

    private static func insert(_ recipients: Int, _ app: String, _ suite: Suite) async throws {
        let url = suite.databaseURL
        try await suite.loop.offload {
            let connection = try RawConnection(url)
            try connection.run(
                """
                INSERT INTO endpoints (app, endpoint_key, external_id, channel_type, address, address_hash, cohort,
                                       attributes, metrics, effective_at, created_at)
                SELECT '\(app)', hashtextextended(n::text, 7), 'person-' || n, 'EMAIL', 'person' || n || '@example.com',
                       sha256(n::text::bytea), n % 100,
                       jsonb_build_object('FirstName', jsonb_build_array('Name' || n), 'City', '["Amersfoort"]'::jsonb,
                                          'Plan', '["pro"]'::jsonb),
                       jsonb_build_object('Purchases', n % 17, 'Spent', n % 500), now(), now()
                  FROM generate_series(0, \(recipients - 1)) AS n
                """)
            try connection.run("VACUUM (ANALYZE) endpoints")
        }
    }

    private static func endpoint(_ number: Int) -> JSON {
        [
            "Id": .string("person-\(number)"), "ChannelType": "EMAIL",
            "Address": .string("person\(number)@example.com"),
            "Attributes": ["FirstName": [.string("Name\(number)")], "City": ["Amersfoort"], "Plan": ["pro"]],
            "Metrics": ["Purchases": .integer(Int64(number % 17)), "Spent": .integer(Int64(number % 500))],
        ]
    }

    /// Six variables, two links and a condition in a newsletter's worth of markup.
    static var html: String {
        let paragraph =
            "<p style=\"margin:0 0 16px;font:16px/1.5 Helvetica,Arial,sans-serif;color:#333\">The autumn collection has "
            + "arrived, and what you liked last year is back in new colours. Members see it first, and delivery is free until "
            + "Sunday evening whatever you order.</p>\n"
        return "<html><body><h1>Hello {{Attributes.FirstName}}</h1>\n<p>You bought {{Metrics.Purchases}} times for "
            + "{{Metrics.Spent}} in {{Attributes.City}}.</p>\n"
            + String(repeating: paragraph, count: 28)
            + "{{#if Attributes.Plan}}<p>Your plan: {{Attributes.Plan}}</p>{{/if}}\n"
            + "<p><a href=\"https://www.example.com/new?c=autumn\">See what is new</a> "
            + "<a href=\"https://www.example.com/account\">Your account</a></p></body></html>\n"
    }

    private static var content: JSON {
        [
            "Subject": "{{Attributes.FirstName}}, the new collection is here", "HtmlPart": .string(html),
            "TextPart": "Hello {{Attributes.FirstName}}, see https://www.example.com/new",
        ]
    }

    /// A campaign to everybody, at once; its id.
    func start(_ schedule: JSON = ["StartTime": "IMMEDIATE"]) async throws -> CampaignID {
        let created = try await suite.call(
            "POST", "/v1/apps/\(app)/campaigns",
            [
                "Name": "bench", "SegmentId": .string(segment), "Schedule": schedule,
                "TemplateConfiguration": ["EmailTemplate": ["Name": .string(template)]],
            ])
        guard let campaign = CampaignID(try suite.identifier(created)) else {
            throw Fault(.unavailable, "the campaign's id is not an id")
        }
        return campaign
    }

    /// A campaign that everybody gets who does `eventType`.
    func startTriggered(by eventType: String) async throws {
        let now = suite.environment.now()
        let filter: JSON = [
            "FilterType": "ENDPOINT",
            "Dimensions": ["EventType": ["DimensionType": "INCLUSIVE", "Values": [.string(eventType)]]],
        ]
        _ = try await start([
            "Frequency": "EVENT", "StartTime": .string((now + .seconds(1)).description),
            "EndTime": .string((now + .seconds(86_400)).description), "EventFilter": filter,
        ])
        try await suite.loop.sleep(for: .seconds(4))
    }

    /// Whom the e-mail channel sends through from now on; nil: the installation's own server.
    func send(through provider: JSON?) async throws {
        _ = try await suite.call(
            "PUT", "/v1/apps/\(app)/channels/email/provider", ["Providers": .array(provider.map { [$0] } ?? [])])
        // Workers look once a second.
        try await suite.loop.sleep(for: .milliseconds(1500))
    }

    /// Ends its runs.
    func delete(_ campaign: CampaignID) async throws {
        _ = try await suite.call("DELETE", "/v1/apps/\(app)/campaigns/\(campaign)")
    }

    /// From the request to the last outcome; answers the run.
    func campaign(recipients: Int) async throws -> RunID {
        let campaign = try await start()
        guard let app = AppID(app) else { throw Fault(.unavailable, "the app's id is not an id") }
        let found = Lock<RunID?>(nil)
        // One small question every 20 ms: the last outcome and the job's end are one commit.
        let question = """
            SELECT id FROM runs r WHERE app = '\(app)' AND campaign = '\(campaign)'
               AND fanned_out AND NOT EXISTS (SELECT FROM jobs j WHERE j.app = r.app AND j.run = r.id)
            UNION ALL SELECT NULL LIMIT 1
            """
        let connection = SharedConnection(try RawConnection(suite.databaseURL))
        try await suite.poll(every: .milliseconds(20), seconds: 300, "the campaign") {
            let id = try connection.value(question).filter { $0 != "-" }
            found.withLock { $0 = RunID(id) }
            return !id.isEmpty
        }
        guard let run = found.withLock({ $0 }) else { throw Fault(.integrity, "the campaign has no run") }
        let accepted = try connection.value(
            "SELECT count(*) FROM send_outcomes WHERE run = '\(run)' AND outcome = 1")
        guard accepted == String(recipients) else {
            throw Fault(.integrity, "\(accepted) of \(recipients) were accepted")
        }
        return run
    }

    /// What composing one of the run's messages gives and costs, without Postgres and SMTP.
    func compose(_ run: RunID) async throws -> (bytes: Int, perSecond: Double) {
        let database = Database(
            url: suite.databaseURL, loop: suite.loop, environment: suite.environment, metrics: Metrics(), poolSize: 1)
        guard let app = AppID(app),
            let plan = try await database.withSession({ try await RunStore.plan(app, run: run, in: $0) })
        else { throw Fault(.integrity, "the run has no plan") }
        let keys = try await database.query("SELECT endpoint_key FROM endpoints WHERE app = \(app) LIMIT 500").map {
            try $0.get(0) as Int64
        }
        let recipients = try await database.query(Recipient.load(keys, of: app)).map {
            try Recipient($0)
        }
        await database.close()
        let size = Lock(0)
        let measure = EmailProvider(name: "measure") { messages, _ in
            size.withLock { $0 = messages.first?.content.count ?? 0 }
            return messages.map { _ in .accepted(providerReference: "") }
        }
        let channel = EmailChannel(
            provider: { _ in measure },
            masterKey: try MasterKey(file: "\(suite.home)/master.key"),
            publicURL: "http://\(suite.host)", environment: suite.environment)
        let prepared = try channel.prepare(plan)
        let cause = SendCause(run: run, runDay: plan.runDay, chunk: 0, treatment: 0)
        let sends = recipients.enumerated().map { Send(recipient: $1, cause: cause, ordinal: Int32($0), attempt: 0) }
        let start = MonotonicClock.now()
        for _ in 0..<10 { _ = await prepared.deliver(sends, startBefore: .max) }
        let seconds = Double(MonotonicClock.now() - start) / 1_000_000
        return (size.withLock { $0 }, Double(sends.count * 10) / seconds)
    }
}

/// A blocking connection for questions of a millisecond.
// SAFETY: one task uses it, on the loop's thread.
final class SharedConnection: @unchecked Sendable {
    private let connection: RawConnection

    init(_ connection: RawConnection) {
        self.connection = connection
    }

    func value(_ text: String) throws -> String { try connection.value(text) }
}
