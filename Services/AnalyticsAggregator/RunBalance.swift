import Core
import HTTPServer
import Hosting
import Model
import PinpointAPI
import Postgres

/// `GET …/runs/{run}/balance` (extension): the run's books, recounted from the ledger's raw rows. With `format=csv` or
/// `Accept: text/csv` the recipients themselves, of one `bucket` (a terminal state) and `reason` or of all.
enum RunBalance {
    private static let reasonCharacters = 100

    static func show(_ call: RequestContext) async throws -> HTTPResponse {
        let app = try await call.app()
        let campaign = try call.id("campaign-id", of: Noun.Campaign.self)
        let run = try call.id("run-id", of: Noun.Run.self)
        let query = try QueryParameters(call.request)
        guard try wantsLines(call, query) else {
            return try await sheet(app, campaign, run, call)
        }
        let filter = try filter(query)
        let lines = try await call.context.database.withSession { session -> LedgerLines? in
            guard try await CampaignLookup.owns(app, campaign: campaign, run: run, in: session) else { return nil }
            return try await LedgerLines.of(app, run: run, filter, in: session)
        }
        guard let lines else { throw APIError.resourceNotFound }
        return BalanceCSV.stream(lines, run: run, from: call.context.database)
    }

    private static func sheet(
        _ app: AppID, _ campaign: CampaignID, _ run: RunID, _ call: RequestContext
    ) async throws -> HTTPResponse {
        // Several statements: beside a commit they would not agree, and say that the books do not balance.
        let sheet = try await call.context.database.transaction(isolation: .repeatableRead) {
            session -> BalanceSheet? in
            guard try await CampaignLookup.owns(app, campaign: campaign, run: run, in: session) else { return nil }
            return try await Ledger.balance(app, run: run, in: session)
        }
        guard let sheet else { throw APIError.resourceNotFound }
        return .json(sheet.json.serialized)
    }

    // MARK: The question

    private static func wantsLines(_ call: RequestContext, _ query: QueryParameters) throws(APIError) -> Bool {
        let accept = (call.request.headers["Accept"] ?? "").lowercased()
        switch query.string("format") {
        case "csv": return true
        case nil where accept.contains("text/csv"): return true
        case nil, "json":
            for name in ["bucket", "reason"] where query.string(name) != nil {
                throw .badRequest("\(name) is for format=csv; the balance sheet itself always has all of them")
            }
            return false
        case let other?: throw .badRequest("format must be csv or json; got \"\(other.prefix(32))\"")
        }
    }

    private static func filter(_ query: QueryParameters) throws(APIError) -> LedgerLines.Filter {
        var filter = LedgerLines.Filter()
        if let bucket = query.string("bucket") {
            filter.state = TerminalState.allCases.first { $0.name == bucket.lowercased() }
            if filter.state == nil {
                let names = TerminalState.allCases.map(\.name).joined(separator: ", ")
                throw .badRequest("bucket must be one of \(names); got \"\(bucket.prefix(32))\"")
            }
        }
        filter.reason = query.string("reason")
        if let reason = filter.reason, reason.unicodeScalars.count > reasonCharacters {
            throw .badRequest("reason must have at most \(reasonCharacters) characters")
        }
        return filter
    }
}
