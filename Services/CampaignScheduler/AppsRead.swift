import Core
import HTTPServer
import Hosting
import Model
import PinpointAPI
import Postgres

/// GetApp and GetApps.
enum ReadApps {
    static func one(_ call: RequestContext) async throws -> HTTPResponse {
        let id = try await call.app()
        let app = try await call.context.database.withSession { session in
            try await AppStore.find(id, account: call.account, in: session)
        }
        guard let app else { throw APIError.applicationNotFound }
        return call.answer(app.response(region: call.region))
    }

    static func list(_ call: RequestContext) async throws -> HTTPResponse {
        let page = try PageRequest(QueryParameters(call.request))
        let after = try page.cursor(of: "GetApps").map { token throws(APIError) in
            guard let id = AppID(try token.string("Id")) else {
                throw .badRequest("The token is not valid for this list")
            }
            return (createdAt: try token.instant("CreatedAt"), id: id)
        }
        let apps = try await call.context.database.withSession { session in
            try await AppStore.list(account: call.account, after: after, limit: page.size + 1, in: session)
        }
        let shown = apps.prefix(page.size)
        var next: PageToken?
        if apps.count > page.size, let last = shown.last {
            next = PageToken(
                list: "GetApps",
                position: ["CreatedAt": .integer(last.createdAt.microseconds), "Id": .string(last.id.description)])
        }
        let items = shown.map { $0.response(region: call.region) }
        return call.answer(ApplicationsResponse(item: items, nextToken: next?.text))
    }
}
