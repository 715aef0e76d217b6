import Core
import HTTPServer
import Hosting
import Model
import PinpointAPI
import Postgres

/// GetCampaignDateRangeKpi and GetApplicationDateRangeKpi for the figures that campaigns feed.
enum KeyFigures {
    private static let longestRange: Duration = .seconds(31 * 86_400)
    private static let oldestStart: Duration = .seconds(90 * 86_400)

    static func ofCampaign(_ call: RequestContext) async throws -> HTTPResponse {
        let app = try await call.app()
        let campaign = try call.id("campaign-id", of: Noun.Campaign.self)
        let name = try call.parameter("kpi-name")
        let figure = try find(name, in: KeyFigure.ofCampaign)
        let range = try range(of: call)
        let rows = try await call.context.database.withSession { session in
            guard try await CampaignLookup.exists(app, campaign: campaign, in: session) else {
                throw APIError.resourceNotFound
            }
            return try await KeyFigureCounts.load(
                app, campaign: campaign, range: range, by: figure.grouping, in: session)
        }
        return call.answer(
            CampaignDateRangeKpiResponse(
                applicationId: app.description,
                campaignId: campaign.description,
                endTime: range.upperBound,
                kpiName: name,
                kpiResult: BaseKpiResult(rows: figure.rows(rows)),
                startTime: range.lowerBound
            )
        )
    }

    static func ofApplication(_ call: RequestContext) async throws -> HTTPResponse {
        let app = try await call.app()
        let name = try call.parameter("kpi-name")
        let figure = try find(name, in: KeyFigure.ofApplication)
        let range = try range(of: call)
        let rows = try await call.context.database.withSession { session in
            try await KeyFigureCounts.load(app, campaign: nil, range: range, by: figure.grouping, in: session)
        }
        return call.answer(
            ApplicationDateRangeKpiResponse(
                applicationId: app.description,
                endTime: range.upperBound,
                kpiName: name,
                kpiResult: BaseKpiResult(rows: figure.rows(rows)),
                startTime: range.lowerBound
            )
        )
    }

    private static func find(_ name: String, in figures: [String: KeyFigure]) throws(APIError) -> KeyFigure {
        guard let figure = figures[name] else {
            let known = figures.keys.sorted().joined(separator: ", ")
            throw .badRequest("kpi-name must be one of \(known)")
        }
        return figure
    }

    /// The last 31 days by default; at most 31 days; not begun more than 90 days ago (pinpoint-api §7.1).
    private static func range(of call: RequestContext) throws(APIError) -> ClosedRange<Instant> {
        let query = try QueryParameters(call.request)
        let now = call.context.environment.now()
        let end = try query.instant("end-time") ?? now
        let start = try query.instant("start-time") ?? end - longestRange
        guard start <= end else { throw .badRequest("start-time must not be after end-time") }
        // Clients cut 90 days into windows of exactly 31 × 24 h, with microseconds.
        guard end - start <= longestRange else {
            throw .badRequest("start-time and end-time may be 31 days apart at most")
        }
        guard start >= now - oldestStart - .seconds(86_400) else {
            throw .badRequest("start-time must be within the last 90 days")
        }
        return start...end
    }
}
