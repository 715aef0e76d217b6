import Core
import PinpointAPI

extension RunPlan {
    /// With what the run's schedule adds: which arms are its own, and local time, where every zone has its own start, EndTime and
    /// `duration` and the run lasts as long as its last zone.
    func scheduled(
        as run: RunStart.Initializing, _ schedule: Schedule?, lasting duration: Duration
    ) throws(APIError) -> RunPlan {
        var plan = self
        plan.ownArms = run.treatments
        let schedule = try CampaignSchedule(schedule)
        guard schedule.isLocal else { return plan }
        let local = LocalRun(
            wall: WallTime(run.scheduledAt, secondsEast: LocalClocks.firstSecondsEast),
            end: schedule.end.map(schedule.wall),
            duration: duration,
            lateness: schedule.frequency.lateness,
            writtenAt: run.writtenAt
        )
        plan.local = local
        plan.expiresAt = local.lastExpiry
        return plan
    }
}
