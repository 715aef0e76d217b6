package import Core
package import PinpointAPI
package import Postgres
import Segments

/// Campaigns of EVENT: between their start and their end, each matching event sends its endpoint the message once.
///
/// They have a run per version and UTC day, made ahead of its day, which takes recipients as their events come (`TriggerOpening`)
/// and is complete when its day is over: so outcomes have the partition of their day, like every run's.
package enum EventCampaigns {
    /// Statuses in which events start the message.
    static let on: SQL = "('SCHEDULED', 'EXECUTING')"
    /// Statuses in which a campaign counts towards the limit.
    private static let counted: SQL = "('SCHEDULED', 'EXECUTING', 'PENDING_NEXT_RUN')"
    /// How long before a day its run is made.
    package static let ahead: Duration = .seconds(300)
    /// A run stays open for what was on its way when its day, its campaign or its version ended: as long as a message lives.
    package static let grace = TriggerJob.lifetime

    /// Moves the campaign that has waited longest: makes the runs of today and, shortly before midnight, of tomorrow; completes
    /// one that has ended. False when nothing is due. Two schedulers never do the same: the campaign's row is locked.
    package static func turn(at now: Instant, newRuns: (RunID, RunID), in session: Session) async throws -> Bool {
        let rows = try await session.query(
            """
            SELECT app, id, version, events_from, ends_at
              FROM campaigns
             WHERE next_due_at <= \(now) AND frequency = \(Frequency.event.rawValue) AND status IN \(on)
               AND deleted_at IS NULL
             ORDER BY next_due_at
             LIMIT 1
               FOR UPDATE SKIP LOCKED
            """
        )
        guard let row = rows.first else { return false }
        let (app, campaign): (AppID, CampaignID) = (try row.get(0), try row.get(1))
        let end: Instant? = try row.get(4)
        if let end, end <= now {
            try await session.execute(
                """
                UPDATE campaigns SET status = 'COMPLETED', next_due_at = NULL
                 WHERE app = \(app) AND id = \(campaign)
                """
            )
            return true
        }
        let version: Int32 = try row.get(2)
        let name = EventTrigger.Name(campaign: campaign, version: Int(version))
        var last = now.day
        try await session.execute(insert(newRuns.0, of: name, app, day: last, end: end, now: now))
        let next = (now + ahead).day
        if next > last, next.start < end ?? .distantFuture {
            try await session.execute(insert(newRuns.1, of: name, app, day: next, end: end, now: now))
            last = next
        }
        let due = min((last + 1).start - ahead, end ?? .distantFuture)
        try await session.execute(
            """
            UPDATE campaigns SET status = 'EXECUTING', next_due_at = \(due)
             WHERE app = \(app) AND id = \(campaign)
            """
        )
        return true
    }

    /// The run of one day, to be frozen by the scheduler; nothing when it is there already. `end`: of the campaign.
    static func insert(
        _ run: RunID, of trigger: EventTrigger.Name, _ app: AppID, day: Day, end: Instant?, now: Instant
    ) -> SQL {
        let start = max(now, day.start)
        let openUntil = min((day + 1).start, end ?? .distantFuture) + grace
        return """
            INSERT INTO runs (app, id, campaign, campaign_version, occurrence, run_day, state, frozen, scheduled_at,
                              started_at, fanned_out, open_until)
            VALUES (\(app), \(run), \(trigger.campaign), \(Int32(trigger.version)), \(occurrence(trigger.version, day)),
                    \(day), 'INITIALIZING', '{}', \(start), \(start), true, \(openUntil))
            ON CONFLICT (app, campaign, occurrence) DO NOTHING
            """
    }

    /// `runs.occurrence`: unique per campaign.
    static func occurrence(_ version: Int, _ day: Day) -> String { "v\(version) \(day)" }

    /// A new version takes over: the runs of the ones before stay for what is on its way. Those of days to come go.
    static func endRuns(of campaign: CampaignID, _ app: AppID, now: Instant) -> [SQL] {
        [
            """
            DELETE FROM runs
             WHERE app = \(app) AND campaign = \(campaign) AND open_until IS NOT NULL AND scheduled_at > \(now)
               AND planned = 0
            """,
            """
            UPDATE runs SET open_until = \(now + grace)
             WHERE app = \(app) AND campaign = \(campaign) AND open_until > \(now + grace)
               AND state IN ('INITIALIZING', 'RUNNING')
            """,
        ]
    }

    // MARK: Limits

    /// To be asked before a campaign is written that will be on.
    ///
    /// - Throws: 400 when the app has 25 others. Whoever asks holds a lock until the end of the transaction, so that two do not
    ///   both find room for one.
    static func requireRoom(_ app: AppID, for campaign: CampaignID, in session: Session) async throws {
        let rows = try await session.batch([
            AppLock.take([AppLock.key(app, "event-campaigns")]),
            """
            SELECT count(*) FROM campaigns
             WHERE app = \(app) AND frequency = \(Frequency.event.rawValue) AND deleted_at IS NULL
               AND status IN \(counted) AND id <> \(campaign)
            """,
        ])
        let others: Int = try rows[1][0].get(0)
        guard others < Limits.eventCampaignsPerApp else {
            throw WirePath.root.member("Schedule").member("Frequency").refusal(
                "must not be EVENT: the app has \(others) active event-triggered campaigns, "
                    + "and \(Limits.eventCampaignsPerApp) is the limit")
        }
    }

    /// Membership is asked at the moment of each event, and an imported list does not change.
    ///
    /// - Throws: 400 for a segment that is an import, or has one among its sources.
    package static func checkSegment(_ request: WriteCampaignRequest, app: AppID, in session: Session) async throws {
        guard let id = request.segmentId.flatMap({ SegmentID($0) }),
            let segment = try await SegmentResolver.resolve(app, id: id, version: request.segmentVersion, in: session)
        else { return }
        let isImported = segment.expression.conditions.contains { condition in
            if case .imported = condition { true } else { false }
        }
        guard !isImported else {
            throw WirePath.root.member("SegmentId").refusal(
                "must be a dimensional segment without an import among its sources, for Frequency EVENT")
        }
    }
}

extension Instant {
    /// The end of the year 9999.
    fileprivate static let distantFuture = Instant(microseconds: 253_402_300_799_000_000)
}
