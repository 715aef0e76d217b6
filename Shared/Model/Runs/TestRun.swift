package import Core
import PinpointAPI
package import Postgres
package import Queue

/// A template sent to a few endpoints to look at: a run of its own, of no campaign, through ledger and gate like any other.
///
/// It has no caps and no quiet time; suppressions and opt-outs hold. Its books are those of the campaign whose id is all zeros, so
/// that balance sheet and `prove` need nothing new; key figures of the app leave it out.
package enum TestRun {
    package static let campaign = CampaignID(high: 0, low: 0)
    package static let endpointsPerRun = 10
    /// Somebody waits for it: what is not sent by then is `expired`.
    private static let duration: Duration = .seconds(3600)

    package struct Request: Sendable {
        package var account: String
        package var app: AppID
        package var run: RunID
        package var templateName: String
        package var content: TemplateContent
        package var now: Instant

        package init(
            account: String, app: AppID, run: RunID, templateName: String, content: TemplateContent, now: Instant
        ) {
            self.account = account
            self.app = app
            self.run = run
            self.templateName = templateName
            self.content = content
            self.now = now
        }
    }

    /// Throws `Fault(.invalid)` when an e-mail cannot be made: no channel, no sender, no subject.
    package static func plan(_ request: Request, in session: Session) async throws -> RunPlan {
        var email: RunPlan.EmailContent?
        if request.content.type == .email {
            let channel = try RunPlanner.usable(try await StoredEmailChannel.load(request.app, in: session))
            let planner = EmailPlanner(account: request.account, channel: channel, session: session)
            email = try await planner.content(nil, request.content, at: .root)
        }
        let others = ChannelPlanner.channels(of: request.content).map(\.rawValue)
        var treatment = RunPlan.Treatment(name: nil, sizePercent: 100, email: email, otherChannels: Set(others))
        if request.content.type == .sms {
            let planner = SMSPlanner(app: request.app, account: request.account, session: session)
            treatment.sms = try await planner.content(request.content)
        }
        if request.content.type == .push {
            let planner = PushPlanner(account: request.account, session: session)
            treatment.push = try await planner.content(nil, request.content, at: .root)
        }
        if request.content.type == .voice {
            let planner = VoicePlanner(account: request.account, session: session)
            treatment.voice = try await planner.content(request.content, at: request.content.path)
        }
        treatment.otherChannels.subtract(treatment.senders.keys)
        return RunPlan(
            account: request.account, app: request.app, campaign: campaign, campaignVersion: 0,
            campaignName: request.templateName, run: request.run, runDay: request.now.day, scheduledAt: request.now,
            expiresAt: request.now + duration, deliveryPolicy: .atMostOnce, holdoutPercent: 0,
            treatments: [treatment])
    }

    package struct Target: Sendable {
        package let key: Int64
        package let channelType: String?
    }

    /// The endpoints, in the order of `ids`; nil where there is none.
    package static func targets(of ids: [EndpointID], app: AppID, in session: Session) async throws -> [Target?] {
        let keys = ids.map { EndpointIdentity(app: app, id: $0).key }
        let rows = try await session.query(
            """
            SELECT endpoint_key, external_id, channel_type FROM endpoints
             WHERE app = \(app) AND endpoint_key = ANY (\(keys))
            """)
        var found: [EndpointID: Target] = [:]
        for row in rows {
            found[EndpointID(try row.get(1))] = Target(key: try row.get(0), channelType: try row.get(2))
        }
        return ids.map { found[$0] }
    }

    /// The run with its recipients and a job per channel, which come before every campaign's. Returns the jobs' queues. The caller
    /// has made the outcomes' partition.
    ///
    /// - Throws: 404 when the app was deleted meanwhile.
    package static func start(
        _ plan: RunPlan, to targets: [Target], kind: String, in session: Session
    ) async throws -> Set<JobQueue> {
        let living = try await session.query(
            "SELECT 1 FROM apps WHERE id = \(plan.app) AND deleted_at IS NULL FOR SHARE")
        guard !living.isEmpty else { throw APIError.applicationNotFound }
        _ = try await session.query(
            """
            INSERT INTO runs (app, id, campaign, campaign_version, occurrence, run_day, state, frozen, scheduled_at, started_at,
                              planned, fanned_out)
            VALUES (\(plan.app), \(plan.run), \(campaign), 0, \(plan.run.description), \(plan.runDay), 'RUNNING',
                    \(SQLBind.jsonb(plan.json.serialized)), \(plan.scheduledAt), \(plan.scheduledAt),
                    \(Int64(targets.count)), true)
            """)
        let byQueue = Dictionary(grouping: targets) { plan.queue(arm: 0, channelType: $0.channelType) }
        var statements: [SQL] = []
        for (chunk, (queue, targets)) in byQueue.sorted(by: { $0.key.name < $1.key.name }).enumerated() {
            // Recipients of a chunk are in the order of their keys.
            let keys = targets.map(\.key).sorted()
            var job = NewJob(queue: queue, kind: kind, dueAt: plan.scheduledAt)
            job.priority = 0
            job.app = plan.app
            job.send = SendCause(run: plan.run, runDay: plan.runDay, chunk: Int32(chunk), treatment: 0)
            job.recipients = keys
            statements += [
                """
                INSERT INTO run_chunks (app, run, chunk, treatment, first_key, last_key, size, digest)
                SELECT \(plan.app), \(plan.run), \(Int32(chunk)), 0, min(key), max(key), count(*)::integer,
                       sha256(string_agg(int8send(key), ''::bytea ORDER BY key))
                  FROM unnest(\(keys)::bigint[]) AS key
                """,
                Queue.insert(job),
            ]
        }
        _ = try await session.batch(statements)
        return Set(byQueue.keys)
    }
}
