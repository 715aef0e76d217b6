import Core
import PinpointAPI
import Postgres

/// What comes next for a campaign's schedule group that was just written: its status and the occurrence to start.
///
/// A write never repeats a run that happened: a client that retries its PUT, or renames a campaign whose schedule says
/// IMMEDIATE, must not send everything twice. Another run needs a StartTime of its own.
struct CampaignStart: Sendable, Hashable {
    /// What runs the group's treatments already had.
    struct History: Sendable, Hashable {
        /// Started, and not refused for a definition that could not be sent.
        var hasRun = false
        var isRunning = false
        /// The occurrence of the new schedule is one of them.
        var hadOccurrence = false
        /// The latest that was run, refused or missed.
        var lastOccurrence: Instant?
        /// Of the schedule before, when it repeats as the new one does.
        var first: Instant?
    }

    var status: CampaignStatus
    /// Business time; nil when there is nothing to start. An in-app campaign is shown from then on (`InAppCampaigns`).
    var dueAt: Instant?
    /// Of a repeating campaign; of an event-triggered one its start.
    var first: Instant?

    /// - Throws: 400 for an EndTime that leaves nothing to send.
    init(_ group: ScheduleGroup, isPaused: Bool, history: History, now: Instant) throws(APIError) {
        if group.schedule.frequency == .event {
            try self.init(event: group, isPaused: isPaused, history: history, now: now)
        } else if group.schedule.frequency.period != nil {
            try self.init(repeating: group, isPaused: isPaused, history: history, now: now)
        } else {
            try self.init(single: group, isPaused: isPaused, history: history, now: now)
        }
    }

    /// - Throws: 400 for a run that would start at once with its EndTime already past: it would send nothing. A campaign
    ///   whose run happened may keep the EndTime it had.
    private init(single group: ScheduleGroup, isPaused: Bool, history: History, now: Instant) throws(APIError) {
        let schedule = group.schedule
        guard !Self.isDone(schedule, history) else {
            status = history.isRunning ? .executing : .completed
            return
        }
        guard !isPaused else {
            status = .paused
            return
        }
        status = .scheduled
        let due = schedule.firstRun(now: now)
        // A missed occurrence is used up, so that the campaign starts as one of its own.
        dueAt = history.hadOccurrence ? max(due, now) : due
        if let end = schedule.endEverywhere, end <= now {
            throw group.path.member("EndTime").refusal(
                "must be in the future, or the campaign would send nothing; got \(schedule.end ?? end)")
        }
    }

    /// A local time that was missed has passed in every zone; another one needs a StartTime of its own.
    private static func isDone(_ schedule: CampaignSchedule, _ history: History) -> Bool {
        guard schedule.isTimed else { return false }
        return switch schedule.start {
        case .immediate: history.hasRun
        case .at: history.hadOccurrence && (history.hasRun || schedule.isLocal)
        }
    }

    /// A campaign that starts IMMEDIATE and is written again keeps its rhythm; a paused one goes on in it.
    ///
    /// - Throws: 400 when not even the first occurrence is before EndTime.
    private init(repeating group: ScheduleGroup, isPaused: Bool, history: History, now: Instant) throws(APIError) {
        let schedule = group.schedule
        let first =
            switch schedule.start {
            case .immediate: history.first ?? schedule.firstRun(now: now)
            case .at: schedule.firstRun(now: now)
            }
        self.first = first
        // What started for the first zones within this time is still to come for the last.
        let start = schedule.isLocal ? now - LocalClocks.spread : now
        let earliest = max(start, history.lastOccurrence.map { $0 + .microseconds(1) } ?? start)
        dueAt = isPaused ? nil : schedule.recurrence(first: first)?.next(notBefore: earliest)
        status =
            switch (history.isRunning, dueAt) {
            case _ where isPaused: .paused
            case (true, _): .executing
            case (false, nil): .completed
            case (false, _): history.hasRun ? .pendingNextRun : .scheduled
            }
        if status == .completed, !history.hasRun, let end = schedule.end {
            throw group.path.member("EndTime").refusal(
                "must be after the next occurrence, or the campaign would send nothing; got \(end)")
        }
    }

    /// Of the groups of a campaign together: it is completed when every one is.
    static func status(of starts: [CampaignStart]) -> CampaignStatus {
        let found = Set(starts.map(\.status))
        let order: [CampaignStatus] = [.paused, .executing, .pendingNextRun, .scheduled]
        if found.contains(.scheduled), found.contains(.completed) { return .pendingNextRun }
        return order.first(where: found.contains) ?? .completed
    }

    static func history(
        of campaign: CampaignID,
        _ group: ScheduleGroup,
        app: AppID,
        in session: Session
    ) async throws -> History {
        var occurrence: String?
        if case .at(let instant) = group.schedule.start {
            occurrence = RunStart.occurrence(group.schedule.firstRun(now: instant))
        }
        let rows = try await session.query(
            """
            SELECT coalesce(bool_or(coalesce(result, '') NOT IN ('FAIL', \(RunStart.missed))), false),
                   coalesce(bool_or(state IN ('INITIALIZING', 'RUNNING')), false),
                   coalesce(bool_or(split_part(occurrence, ' ', 1) = \(occurrence)), false),
                   max(scheduled_at),
                   coalesce(
                       (SELECT first_at FROM campaign_schedules
                         WHERE app = \(app) AND campaign = \(campaign) AND treatment = \(group.id)
                           AND frequency = \(group.schedule.frequency.rawValue) AND is_local = \(group.schedule.isLocal)),
                       (SELECT events_from FROM campaigns
                         WHERE app = \(app) AND id = \(campaign) AND frequency = \(group.schedule.frequency.rawValue)))
              FROM runs
             WHERE app = \(app) AND campaign = \(campaign)
               AND (treatments IS NULL OR treatments && \(group.treatments))
            """
        )
        guard let row = rows.first else { return History() }
        return History(
            hasRun: try row.get(0),
            isRunning: try row.get(1),
            hadOccurrence: try row.get(2),
            lastOccurrence: try row.get(3),
            first: try row.get(4)
        )
    }
}
