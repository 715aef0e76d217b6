import Core
import EventLoop
import Model
import PinpointAPI
import Postgres
import Queue
import TestKit

/// An app with a segment, an e-mail channel and endpoints on a real database, and shortcuts that play scheduler and workers.
struct CampaignFixture {
    let app = AppID(high: 1, low: 1)
    let account = "123456789012"
    let segment = SegmentID(high: 5, low: 5)
    let database: Database
    let environment: Environment
    let now: Instant

    init() throws {
        database = try TestDatabase.current.database
        environment = try TestDatabase.current.environment
        now = environment.now()
    }

    func prepare(endpoints count: Int = 0) async throws {
        try await Partitions(database).ensure(.sendOutcomes, for: now.day)
        try await database.transaction { session in
            try await session.execute(
                """
                INSERT INTO apps (id, account, name, settings_modified_at, created_at)
                VALUES (\(app), \(account), 'shop', \(now), \(now))
                """
            )
            try await session.execute(
                """
                INSERT INTO channels (app, type, configuration, enabled, created_at, modified_at)
                VALUES (\(app), 'EMAIL', '{"FromAddress": "shop@example.com", "Identity": "i"}', true, \(now), \(now))
                """
            )
            try await session.execute(
                "INSERT INTO segments (app, id, version, created_at) VALUES (\(app), \(segment), 1, \(now))"
            )
            try await session.execute(
                """
                INSERT INTO segment_versions (app, id, version, definition, created_at)
                VALUES (\(app), \(segment), 1, '{"Dimensions": {}}', \(now))
                """
            )
        }
        try await addEndpoints(count, to: app)
    }

    /// Keys spread over the whole range, as hashes do; cohorts as even as can be.
    func addEndpoints(_ count: Int, to app: AppID) async throws {
        try await database.execute(
            """
            INSERT INTO endpoints (app, endpoint_key, external_id, channel_type, address, cohort, effective_at, created_at)
            SELECT \(app), hashint8extended(n, 0), 'e' || n, 'EMAIL', 'p' || n || '@example.com', n % 100, \(now), \(now)
              FROM generate_series(1, \(Int64(count))) AS n
            """
        )
    }

    // MARK: Campaigns

    func request(
        start: String = "IMMEDIATE",
        end: String? = nil,
        frequency: Frequency? = nil,
        holdout: Int? = nil,
        sizes: [Int] = [],
        limits: CampaignLimits? = nil,
        needletail: JSON? = nil
    ) -> WriteCampaignRequest {
        let message = MessageConfiguration(emailMessage: CampaignEmailMessage(body: "Hello", title: "News"))
        return WriteCampaignRequest(
            additionalTreatments: sizes.map { WriteTreatmentResource(messageConfiguration: message, sizePercent: $0) },
            holdoutPercent: holdout,
            limits: limits,
            messageConfiguration: message,
            name: "spring",
            schedule: Schedule(endTime: end, frequency: frequency, startTime: start),
            segmentId: segment.description,
            segmentVersion: 1,
            needletail: needletail
        )
    }

    /// Shown on a purchase. `sizes` are those of the additional treatments.
    func inAppRequest(
        start: String = "IMMEDIATE",
        end: Instant? = nil,
        holdout: Int? = nil,
        sizes: [Int] = [],
        priority: Int? = nil
    ) -> WriteCampaignRequest {
        func message(_ text: String) -> MessageConfiguration {
            let header = InAppMessageHeaderConfig(alignment: .center, header: text, textColor: "#000000")
            return MessageConfiguration(
                inAppMessage: CampaignInAppMessage(
                    content: [InAppMessageContent(headerConfig: header)], layout: .topBanner))
        }
        let filter = CampaignEventFilter(
            dimensions: EventDimensions(eventType: SetDimension(dimensionType: .inclusive, values: ["purchase"])),
            filterType: .endpoint)
        return WriteCampaignRequest(
            additionalTreatments: sizes.enumerated().map { index, size in
                WriteTreatmentResource(messageConfiguration: message("arm \(index + 1)"), sizePercent: size)
            },
            holdoutPercent: holdout,
            limits: CampaignLimits(daily: 2, session: 1),
            messageConfiguration: message("arm 0"),
            name: "thanks",
            schedule: Schedule(
                endTime: end?.description, eventFilter: filter, frequency: .inAppEvent,
                quietTime: QuietTime(end: "06:00", start: "22:00"), startTime: start),
            segmentId: segment.description,
            segmentVersion: 1,
            priority: priority
        )
    }

    @discardableResult
    func create(
        _ id: CampaignID,
        _ request: WriteCampaignRequest,
        tags: [String: String]? = nil,
        after: Duration = .zero
    ) async throws -> StoredCampaign {
        try await database.transaction { session in
            try await CampaignStore.create(
                app,
                id: id,
                try CampaignDefinition(request),
                tags: tags,
                account: account,
                now: now + after,
                in: session
            )
        }
    }

    @discardableResult
    func update(
        _ id: CampaignID,
        _ request: WriteCampaignRequest,
        tags: [String: String]? = nil,
        after: Duration = .seconds(60)
    ) async throws -> StoredCampaign? {
        try await database.transaction { session in
            try await CampaignStore.update(
                app,
                id: id,
                try CampaignDefinition(request),
                tags: tags,
                account: account,
                now: now + after,
                in: session
            )
        }
    }

    func load(_ id: CampaignID, version: Int? = nil) async throws -> StoredCampaign? {
        try await database.withSession {
            try await CampaignStore.load(app, id: id, version: version, account: account, in: $0)
        }
    }

    func status(_ id: CampaignID) async throws -> CampaignStatus? { try await load(id)?.status }

    // MARK: Runs

    /// Starts whatever is due; how many campaigns that were.
    @discardableResult
    func claim(after: Duration = .zero, in other: Database? = nil) async throws -> Int {
        var count = 0
        while true {
            let id: RunID = environment.newID()
            let claimed = try await (other ?? database).transaction {
                try await RunStart.claimDue(now: now + after, newRun: id, in: $0)
            }
            guard claimed else { return count }
            count += 1
        }
    }

    /// Claims and freezes the one due campaign.
    func start(after: Duration = .zero) async throws -> RunPlan {
        try await claim(after: after)
        return try await database.transaction { session in
            let runs = try await RunStart.initializing(excluding: [], limit: 10, in: session)
            guard let run = runs.last else { throw TestKitError("no run was started") }
            let plan = try await RunPlanner.plan(run, in: session)
            try await RunStart.freeze(plan, segment: [:], in: session)
            return plan
        }
    }

    /// `after`: when the run started, which counts in local time.
    func fanOut(_ plan: RunPlan, where predicate: SQL = "true", after: Duration = .zero) -> FanOut {
        FanOut(
            plan: plan, predicate: predicate, kind: "test.chunk",
            slots: plan.local.map { LocalSlots($0, startedAt: now + after) })
    }

    /// Steps until there is nothing left; how many steps that took.
    @discardableResult
    func finish(
        _ fanOut: FanOut,
        _ bounds: FanOut.Bounds = .init(),
        in other: Database? = nil
    ) async throws -> Int {
        for step in 1...1000 {
            let progress = try await (other ?? database).transaction { try await fanOut.step(bounds, now: now, in: $0) }
            guard let progress, !progress.isComplete else { return step }
        }
        throw TestKitError("the fan-out does not end")
    }

    func complete() async throws -> Int {
        var count = 0
        for key in try await database.withSession({ try await RunProgress.finished(limit: 10, now: now, in: $0) }) {
            count += try await database.transaction { try await RunProgress.complete(key, now: now, in: $0) } ? 1 : 0
        }
        return count
    }

    /// What a run planned, as one text per arm: size, chunks, and a digest over all its recipients in order.
    func recipients(_ plan: RunPlan) async throws -> [Int16: String] {
        let rows = try await database.query(
            """
            WITH all_recipients AS (
                SELECT treatment, unnest(recipients) AS key FROM jobs WHERE app = \(plan.app) AND run = \(plan.run)
                UNION ALL
                SELECT treatment, endpoint_key FROM send_outcomes WHERE app = \(plan.app) AND run = \(plan.run))
            SELECT treatment, count(*) || ':' || encode(sha256(string_agg(int8send(key), ''::bytea ORDER BY key)), 'hex')
              FROM all_recipients GROUP BY treatment
            """
        )
        var arms: [Int16: String] = [:]
        for row in rows { arms[try row.get(0)] = try row.get(1) as String }
        return arms
    }

    func count(_ sql: SQL) async throws -> Int64 { try await database.query(sql)[0].get(0) }
}
