import Core
import PinpointAPI

extension CampaignStart {
    /// An event-triggered campaign is on from its start to its end, whatever runs its versions had. One that starts IMMEDIATE
    /// and is written again keeps its start.
    ///
    /// - Throws: 400 for an EndTime that is past, unless the campaign was on before it.
    init(event group: ScheduleGroup, isPaused: Bool, history: History, now: Instant) throws(APIError) {
        let start: Instant
        switch group.schedule.start {
        // To the second, as clients write the times of their events.
        case .immediate: start = history.first ?? Instant(seconds: now.seconds)
        case .at(let instant): start = instant
        }
        (status, dueAt, first) = (.scheduled, nil, start)
        if let end = group.schedule.end, end <= now {
            guard history.first != nil else {
                throw group.path.member("EndTime").refusal(
                    "must be in the future, or no event would start the campaign; got \(end)")
            }
            status = .completed
        } else if isPaused {
            status = .paused
        } else {
            status = history.isRunning && start <= now ? .executing : .scheduled
            dueAt = max(start, now)
        }
    }
}
