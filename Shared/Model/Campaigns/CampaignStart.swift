import Core
import PinpointAPI
import Postgres

/// What comes next for a campaign that was just written: its status and the occurrence to start.
///
/// A write never repeats a run that happened: a client that retries its PUT, or renames a campaign whose schedule says
/// IMMEDIATE, must not send everything twice. Another run needs a StartTime of its own.
struct CampaignStart: Sendable, Hashable {
    /// What runs the campaign already had.
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
    /// Of a repeating campaign.
    var first: Instant?

    /// - Throws: 400 for an EndTime that leaves nothing to send.
    init(_ definition: CampaignDefinition, history: History, now: Instant) throws(APIError) {
        if definition.schedule.frequency.period != nil {
            try self.init(repeating: definition, history: history, now: now)
        } else {
            try self.init(single: definition, history: history, now: now)
        }
    }

    /// - Throws: 400 for a run that would start at once with its EndTime already past: it would send nothing. A campaign
    ///   whose run happened may keep the EndTime it had.
    private init(single definition: CampaignDefinition, history: History, now: Instant) throws(APIError) {
        let isDone =
            switch definition.schedule.start {
            case _ where definition.isInApp: false
            case .immediate: history.hasRun
            case .at: history.hadOccurrence && history.hasRun
            }
        guard !isDone else {
            status = history.isRunning ? .executing : .completed
            return
        }
        guard !definition.isPaused else {
            status = .paused
            return
        }
        status = .scheduled
        switch definition.schedule.start {
        case .immediate: dueAt = now
        // A refused run has used up its occurrence, so that the corrected campaign starts as one of its own.
        case .at(let instant): dueAt = history.hadOccurrence ? max(instant, now) : instant
        }
        if let end = definition.schedule.end, end <= now {
            throw WirePath.root.member("Schedule").member("EndTime").refusal(
                "must be in the future, or the campaign would send nothing; got \(end)")
        }
    }

    /// A campaign that starts IMMEDIATE and is written again keeps its rhythm; a paused one goes on in it.
    ///
    /// - Throws: 400 when not even the first occurrence is before EndTime.
    private init(repeating definition: CampaignDefinition, history: History, now: Instant) throws(APIError) {
        let schedule = definition.schedule
        let first =
            switch schedule.start {
            case .immediate: history.first ?? now
            case .at(let instant): instant
            }
        self.first = first
        let earliest = max(now, history.lastOccurrence.map { $0 + .microseconds(1) } ?? now)
        dueAt = definition.isPaused ? nil : schedule.recurrence(first: first)?.next(notBefore: earliest)
        status =
            switch (history.isRunning, dueAt) {
            case _ where definition.isPaused: .paused
            case (true, _): .executing
            case (false, nil): .completed
            case (false, _): history.hasRun ? .pendingNextRun : .scheduled
            }
        if status == .completed, !history.hasRun, let end = schedule.end {
            throw WirePath.root.member("Schedule").member("EndTime").refusal(
                "must be after the next occurrence, or the campaign would send nothing; got \(end)")
        }
    }

    static func history(
        of campaign: CampaignID,
        _ definition: CampaignDefinition,
        app: AppID,
        in session: Session
    ) async throws -> History {
        var occurrence: String?
        if case .at(let instant) = definition.schedule.start { occurrence = RunStart.occurrence(instant) }
        let rows = try await session.query(
            """
            SELECT coalesce(bool_or(coalesce(result, '') NOT IN ('FAIL', \(RunStart.missed))), false),
                   coalesce(bool_or(state IN ('INITIALIZING', 'RUNNING')), false),
                   coalesce(bool_or(occurrence = \(occurrence)), false),
                   max(scheduled_at),
                   (SELECT first_at FROM campaigns
                     WHERE app = \(app) AND id = \(campaign) AND frequency = \(definition.schedule.frequency.rawValue))
              FROM runs
             WHERE app = \(app) AND campaign = \(campaign)
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
