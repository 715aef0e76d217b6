import Core
package import PinpointAPI

/// Treatments of a campaign that run at the same times. One group has everybody, unless treatments have schedules of their own.
package struct ScheduleGroup: Sendable {
    /// Ascending. The group of the default treatment has the holdout too.
    package var treatments: [Int16]
    package var schedule: CampaignSchedule
    /// Where the schedule was written.
    package var path: WirePath

    /// Which of the campaign's groups it is: its lowest treatment.
    package var id: Int16 { treatments.first { $0 != Arms.holdout } ?? 0 }

    /// The default treatment's group first. Throws 400 for a schedule that cannot be, or cannot be together with the others.
    package static func all(of campaign: WriteCampaignRequest) throws(APIError) -> [ScheduleGroup] {
        let path = WirePath.root.member("Schedule")
        let standard = try CampaignSchedule(campaign.schedule, at: path)
        var groups = [ScheduleGroup(treatments: [Arms.holdout, 0], schedule: standard, path: path)]
        for (index, treatment) in (campaign.additionalTreatments ?? []).enumerated() {
            let number = Int16(index + 1)
            guard let own = treatment.schedule, own != campaign.schedule else {
                groups[0].treatments.append(number)
                continue
            }
            let path = WirePath.root.member("AdditionalTreatments").element(index).member("Schedule")
            let schedule = try CampaignSchedule(own, at: path)
            guard schedule.isTimed, standard.isTimed else {
                if schedule == standard, own.eventFilter == campaign.schedule?.eventFilter {
                    groups[0].treatments.append(number)
                    continue
                }
                throw path.refusal("must be absent or equal to the campaign's with EVENT and IN_APP_EVENT")
            }
            if let same = groups.firstIndex(where: { $0.schedule == schedule }) {
                groups[same].treatments.append(number)
            } else {
                groups.append(ScheduleGroup(treatments: [number], schedule: schedule, path: path))
            }
        }
        for group in groups where campaign.isPaused == true && group.schedule.start == .immediate {
            guard group.schedule.isTimed else { continue }
            throw WirePath.root.member("IsPaused").refusal("must be false for a campaign that starts IMMEDIATE")
        }
        return groups
    }

    /// The Schedule that a stored campaign's group was written with.
    static func schedule(of group: Int16, in definition: JSON) -> JSON? {
        guard group > 0 else { return definition["Schedule"] }
        let treatments = definition["AdditionalTreatments"]?.array ?? []
        let index = Int(group) - 1
        return treatments.indices.contains(index) ? treatments[index]["Schedule"] : nil
    }
}

extension [ScheduleGroup] {
    /// By treatment, when there are several groups.
    func statuses(_ starts: [CampaignStart]) -> [Int16: CampaignStatus] {
        guard count > 1 else { return [:] }
        var statuses: [Int16: CampaignStatus] = [:]
        for (group, start) in zip(self, starts) {
            for treatment in group.treatments { statuses[treatment] = start.status }
        }
        return statuses
    }
}
