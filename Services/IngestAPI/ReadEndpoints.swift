import Core
import HTTPServer
import Hosting
import Model
import PinpointAPI
import Postgres

/// GetEndpoint and GetUserEndpoints.
enum ReadEndpoints {
    /// The 404 for what is not there. Asks past the cache, because an app that was just deleted has nothing either.
    static func notFound(in app: AppID, _ call: RequestContext) async throws -> APIError {
        call.context.apps.forget(app)
        _ = try await call.app()
        return .resourceNotFound
    }

    static func one(_ call: RequestContext) async throws -> HTTPResponse {
        let app = try await call.app()
        let id = EndpointID(try call.parameter("endpoint-id"))
        let endpoint = try await call.context.database.withSession { try await EndpointStore.load(app, id, in: $0) }
        guard let endpoint else { throw try await notFound(in: app, call) }
        return call.answer(try endpoint.response)
    }

    static func ofUser(_ call: RequestContext) async throws -> HTTPResponse {
        let app = try await call.app()
        let user = UserID(try call.parameter("user-id"))
        let endpoints = try await call.context.database.withSession {
            try await EndpointStore.load(app, user: user, in: $0)
        }
        guard !endpoints.isEmpty else { throw try await notFound(in: app, call) }
        return call.answer(EndpointsResponse(item: try endpoints.map { try $0.response }))
    }
}
