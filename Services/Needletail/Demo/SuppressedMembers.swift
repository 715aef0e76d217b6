import Core
import Model

/// Members of the segment that asked for no more mail in an earlier demonstration, found through the API, one by one.
///
/// An estimate of the segment leaves all of them out of `Reachable`. A run books those that fall into its holdout as
/// HOLDOUT, so that only the others show as suppressed by the gate; this tells the two apart.
struct SuppressedMembers: Sendable {
    private let cohorts: [Int]

    var count: Int { cohorts.count }

    static let none = SuppressedMembers(cohorts: [])

    private init(cohorts: [Int]) {
        self.cohorts = cohorts
    }

    static func find(_ client: PinpointClient, app: String, _ members: [PurchaseHistory.Customer]) async throws -> Self
    {
        let answers = try await InFlight.map(
            members,
            width: PinpointClient.width,
            progress: ProgressLine("endpoints looked at")
        ) { member -> Int? in
            let endpoint = try await client.call("GET", "/v1/apps/\(app)/endpoints/\(member.endpointID)")
            guard endpoint["OptOut"]?.string == "ALL" else { return nil }
            guard let cohort = endpoint["CohortId"]?.string.flatMap({ Int($0) }), (0..<100).contains(cohort) else {
                throw Fault(.integrity, "\(member.endpointID) has no CohortId")
            }
            return cohort
        }
        return SuppressedMembers(cohorts: answers.compactMap { $0 })
    }

    /// How many of them are the campaign's holdout.
    func heldOut(of campaign: DemoCampaign) throws -> Int {
        guard let id = CampaignID(campaign.id) else {
            throw Fault(.unavailable, "\(campaign.id) is not a campaign's id")
        }
        let arms = Arms.byCohort(
            campaign: id,
            holdoutPercent: DemoCampaign.holdoutPercent,
            sizePercents: [DemoCampaign.missedPercent]
        )
        return cohorts.count { arms[$0] == Arms.holdout }
    }
}
