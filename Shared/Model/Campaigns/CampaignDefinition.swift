package import Core
package import PinpointAPI

/// A campaign as its author wrote it, checked as far as it can be without looking anything up.
package struct CampaignDefinition: Sendable {
    /// Without tags, which belong to the campaign and not to a version.
    package var request: WriteCampaignRequest
    package var schedule: CampaignSchedule
    /// Limits.Daily was not written but taken from the app's settings: then it counts what all campaigns of the app send.
    package var isDailyOfApp = false

    package init(_ request: WriteCampaignRequest) throws(APIError) {
        self.request = request
        self.request.tags = nil
        schedule = try ScheduleGroup.all(of: request)[0].schedule
        guard let segment = request.segmentId else { throw WirePath.root.member("SegmentId").refusal("is required") }
        guard SegmentID(segment) != nil else {
            throw WirePath.root.member("SegmentId").refusal("must be a segment's id, 32 lower-case hex digits")
        }
        if let version = request.segmentVersion, !(1...Int(Int32.max)).contains(version) {
            throw WirePath.root.member("SegmentVersion").refusal("must be a positive version number; got \(version)")
        }
        try OutboundTarget.check(request.hook, at: .root.member("Hook"))
        try Self.checkTreatments(request)
        for arm in CampaignArm.all(of: request) { try CampaignMessages.check(arm, isInApp: isInApp) }
        try CampaignExtensions.check(request.needletail, at: .root.member("Needletail"))
    }

    package var isPaused: Bool { request.isPaused ?? false }

    /// Fetched by clients instead of sent: it makes no run.
    package var isInApp: Bool { schedule.frequency == .inAppEvent }

    /// Sent to whoever's events start it, when they do.
    package var isEvent: Bool { schedule.frequency == .event }

    private static func checkTreatments(_ request: WriteCampaignRequest) throws(APIError) {
        let path = WirePath.root.member("AdditionalTreatments")
        let additional = request.additionalTreatments ?? []
        let sum = additional.reduce(request.holdoutPercent ?? 0) { $0 + ($1.sizePercent ?? 0) }
        guard sum <= 100 else {
            throw path.refusal("and HoldoutPercent must add up to at most 100 percent; got \(sum)")
        }
        for (index, treatment) in additional.enumerated() {
            if let extensions = treatment.needletail {
                try NeedletailMembers.only([], of: extensions, at: path.element(index).member("Needletail"))
            }
        }
    }
}

// MARK: Stored form

extension CampaignDefinition {
    /// For `campaign_versions.definition`: the request, and beside it what no answer shows.
    package var json: JSON {
        guard isDailyOfApp, var object = request.json.object else { return request.json }
        object[Self.dailyFrom] = .string(Self.app)
        return .object(object)
    }

    static func isDailyOfApp(stored: JSON) -> Bool { stored[dailyFrom]?.string == app }

    /// An update that writes back the cap it read leaves it the app's; any other makes it the campaign's own.
    mutating func keepOriginOfDaily(_ previous: JSON) {
        isDailyOfApp =
            Self.isDailyOfApp(stored: previous) && request.limits?.daily == previous["Limits"]?["Daily"]?.int
    }

    private static let dailyFrom = "DailyFrom"
    private static let app = "APP"
}
