package import Core
package import PinpointAPI
package import Postgres
package import Segments

/// Campaigns of IN_APP_EVENT: they make no run. Between their start and their end, clients fetch those whose segment has their
/// endpoint, and keep trigger, quiet time and caps themselves (pinpoint-api §3.11).
package enum InAppCampaigns {
    /// One that is on: what its clients are shown.
    package struct Active: Sendable {
        package var id: CampaignID
        package var request: WriteCampaignRequest
        package var end: Instant?
        /// By arm; nil where the template that the arm names is gone.
        package var messages: [InAppMessage?]
        package var segment: ResolvedSegment
        /// Arm of each cohort (see `Arms`).
        package var arms: [Int16]
    }

    /// Starts those that are due and completes those that have ended. False when there was nothing to do.
    package static func turn(at now: Instant, in session: Session) async throws -> Bool {
        let inApp = Frequency.inAppEvent.rawValue
        let ended = try await session.execute(
            """
            UPDATE campaigns SET status = 'COMPLETED', next_due_at = NULL
             WHERE next_due_at <= \(now) AND frequency = \(inApp) AND status IN ('SCHEDULED', 'EXECUTING')
               AND ends_at <= \(now)
            """
        )
        let started = try await session.execute(
            """
            UPDATE campaigns SET status = 'EXECUTING', next_due_at = ends_at
             WHERE next_due_at <= \(now) AND frequency = \(inApp) AND status = 'SCHEDULED'
            """
        )
        return ended + started > 0
    }

    /// Those that are on at `now`, whatever the scheduler has noted yet: by priority (1 is first, none is last), then the oldest.
    /// One whose segment cannot be resolved any more is left out, as its author sees in the segment.
    package static func active(
        _ app: AppID, account: String, at now: Instant, in session: Session
    ) async throws -> [Active] {
        let rows = try await session.query(
            """
            SELECT c.id, v.definition, c.ends_at
              FROM campaigns c
              JOIN campaign_versions v ON v.app = c.app AND v.id = c.id AND v.version = c.version
             WHERE c.app = \(app) AND c.frequency = \(Frequency.inAppEvent.rawValue) AND c.deleted_at IS NULL
               AND c.status IN ('SCHEDULED', 'EXECUTING') AND (c.ends_at IS NULL OR c.ends_at > \(now))
               AND (c.status = 'EXECUTING' OR c.next_due_at <= \(now))
             ORDER BY (v.definition -> 'Priority')::int NULLS LAST, c.created_at, c.id
             LIMIT \(Limits.inAppCampaignsPerFetch)
            """
        )
        var campaigns: [Active] = []
        for row in rows {
            let id: CampaignID = try row.get(0)
            let request = try CampaignStore.request(try row.get(1), of: id)
            guard let segment = try await segment(of: request, app: app, in: session) else { continue }
            campaigns.append(
                Active(
                    id: id,
                    request: request,
                    end: try row.get(2),
                    messages: [],
                    segment: segment,
                    arms: Arms.byCohort(
                        campaign: id,
                        holdoutPercent: request.holdoutPercent ?? 0,
                        sizePercents: (request.additionalTreatments ?? []).map { $0.sizePercent ?? 0 }
                    )
                )
            )
        }
        let messages = try await InAppContent.messages(of: campaigns.map(\.request), account: account, in: session)
        for (index, messages) in messages.enumerated() { campaigns[index].messages = messages }
        return campaigns
    }

    private static func segment(
        of request: WriteCampaignRequest,
        app: AppID,
        in session: Session
    ) async throws -> ResolvedSegment? {
        guard let id = request.segmentId.flatMap(SegmentID.init) else { return nil }
        do {
            return try await SegmentResolver.resolve(app, id: id, version: request.segmentVersion, in: session)
        } catch let fault as Fault where fault.code == .invalid {
            return nil
        }
    }

    // MARK: Membership

    /// What one endpoint is shown, as (index into `campaigns`, arm), without those that hold it out or have nothing to show; nil
    /// when there is no such endpoint.
    package static func shown(
        to endpoint: EndpointID,
        of app: AppID,
        among campaigns: [Active],
        at now: Instant,
        in session: Session
    ) async throws -> [(campaign: Int, arm: Int16)]? {
        do {
            return try await shown(to: endpoint, of: app, Array(campaigns.enumerated()), at: now, in: session)
        } catch let fault as Fault where fault.code == .invalid {
            // More events than are looked at one by one: a machine, or somebody who plays one. The other campaigns still show.
            let others = campaigns.enumerated().filter {
                EventNeeds($0.element.segment.expression, now: now).window == nil
            }
            return try await shown(to: endpoint, of: app, others, at: now, in: session)
        }
    }

    /// In memory, from what all segments together need of the person: SQL would read the windows of everybody's events.
    private static func shown(
        to endpoint: EndpointID,
        of app: AppID,
        _ campaigns: [(offset: Int, element: Active)],
        at now: Instant,
        in session: Session
    ) async throws -> [(campaign: Int, arm: Int16)]? {
        let segments = SegmentExpression.combination(.any, campaigns.map(\.element.segment.expression))
        let subject = try await SegmentSubjectLoader.load(app, endpoint, for: segments, now: now, in: session)
        guard let subject else { return nil }
        return campaigns.compactMap { index, campaign in
            let arm = campaign.arms[subject.cohort]
            guard arm != Arms.holdout, campaign.messages[Int(arm)] != nil,
                SegmentEvaluator.matches(campaign.segment, subject, now: now)
            else { return nil }
            return (index, arm)
        }
    }
}
