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
        let page = try KeysetPage.byCreation(call, list: "GetApps", of: Noun.App.self)
        let after = page.start.map { (createdAt: $0.createdAt, id: $0.id) }
        let apps = try await call.context.database.withSession { session in
            try await AppStore.list(account: call.account, after: after, limit: page.limit, in: session)
        }
        let (shown, next) = page.cut(apps) { CreationPosition(createdAt: $0.createdAt, id: $0.id) }
        let items = shown.map { $0.response(region: call.region) }
        return call.answer(ApplicationsResponse(item: items, nextToken: next))
    }
}
