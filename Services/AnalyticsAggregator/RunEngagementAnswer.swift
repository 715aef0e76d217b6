import Core
import HTTPServer
import Hosting
import Model
import PinpointAPI
import Postgres

/// `GET …/runs/{run}/engagement` (extension): opens, clicks, unsubscribes, deliveries, bounces and complaints per treatment,
/// with 95 % intervals of the rates among accepted messages.
enum RunEngagementAnswer {
    static func show(_ call: RequestContext) async throws -> HTTPResponse {
        let app = try await call.app()
        let campaign = try call.id("campaign-id", of: Noun.Campaign.self)
        let run = try call.id("run-id", of: Noun.Run.self)
        let engagement = try await call.context.database.withSession { session -> RunEngagement? in
            guard try await CampaignLookup.owns(app, campaign: campaign, run: run, in: session) else { return nil }
            return try await RunEngagement.load(app, campaign: campaign, run: run, in: session)
        }
        guard let engagement else { throw APIError.resourceNotFound }
        let answer: JSON = [
            "RunId": .string(run.description), "Treatments": .array(engagement.treatments.map(treatment)),
        ]
        return .json(answer.serialized)
    }

    private static func treatment(_ counts: RunEngagement.Treatment) -> JSON {
        [
            "TreatmentId": .string(String(counts.treatment)),
            "Accepted": .integer(counts.accepted),
            "Opens": .integer(counts.opens),
            "UniqueOpens": .integer(counts.uniqueOpens),
            "OpenRate": interval(counts.uniqueOpens, of: counts.accepted),
            "Clicks": .integer(counts.clicks),
            "UniqueClicks": .integer(counts.uniqueClicks),
            "ClickRate": interval(counts.uniqueClicks, of: counts.accepted),
            "Unsubscribes": .integer(counts.unsubscribes),
            "Delivered": .integer(counts.delivered),
            "HardBounces": .integer(counts.hardBounces),
            "HardBounceRate": interval(counts.hardBounces, of: counts.accepted),
            "SoftBounces": .integer(counts.softBounces),
            "Complaints": .integer(counts.complaints),
            "ComplaintRate": interval(counts.complaints, of: counts.accepted),
        ]
    }

    private static func interval(_ successes: Int64, of total: Int64) -> JSON {
        guard let interval = WilsonInterval(successes: successes, of: total) else { return .null }
        return ["Rate": .double(interval.rate), "Low": .double(interval.low), "High": .double(interval.high)]
    }
}
