import Core
import HTTPServer
import Hosting
import Model
import PinpointAPI
import Postgres

/// `GET …/runs/{run}/balance` (extension): the run's books, recounted from the ledger's raw rows.
enum RunBalance {
    static func show(_ call: RequestContext) async throws -> HTTPResponse {
        let app = try await call.app()
        let campaign = try call.id("campaign-id", of: Noun.Campaign.self)
        let run = try call.id("run-id", of: Noun.Run.self)
        let sheet = try await call.context.database.withSession { session -> BalanceSheet? in
            guard try await CampaignLookup.owns(app, campaign: campaign, run: run, in: session) else { return nil }
            return try await Ledger.balance(app, run: run, in: session)
        }
        guard let sheet else { throw APIError.resourceNotFound }
        return .json(sheet.json.serialized)
    }
}
