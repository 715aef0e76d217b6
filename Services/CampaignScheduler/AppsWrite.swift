import Core
import HTTPServer
import Hosting
import Model
import PinpointAPI
import Postgres

/// CreateApp and DeleteApp.
enum WriteApp {
    static func create(_ call: RequestContext) async throws -> HTTPResponse {
        let request: CreateApplicationRequest = try call.body()
        try TagRules.check(request.tags)
        let environment = call.context.environment
        let app = StoredApp(
            id: environment.newID(),
            account: call.account,
            name: request.name ?? "",
            tags: request.tags ?? [:],
            createdAt: environment.now()
        )
        try await call.context.database.transaction { try await AppStore.create(app, in: $0) }
        return call.answer(app.response(region: call.region), status: 201)
    }

    /// 404 from now on; the rows go in the background (`PurgeApps`).
    static func delete(_ call: RequestContext) async throws -> HTTPResponse {
        let id = try await call.app()
        let now = call.context.environment.now()
        let app = try await call.context.database.transaction { session in
            try await AppStore.delete(id, account: call.account, now: now, in: session)
        }
        call.context.apps.forget(id)
        guard let app else { throw APIError.applicationNotFound }
        return call.answer(app.response(region: call.region))
    }
}
