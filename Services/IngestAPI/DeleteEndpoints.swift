import Core
import HTTPServer
import Hosting
import Model
import PinpointAPI
import Postgres

/// DeleteEndpoint and DeleteUserEndpoints: 202 with what was deleted.
enum DeleteEndpoints {
    static func one(_ call: RequestContext) async throws -> HTTPResponse {
        let app = try await call.app()
        let id = EndpointID(try call.parameter("endpoint-id"))
        let now = call.context.environment.now()
        let endpoint = try await call.context.database.retryingTransaction { session in
            try await EndpointStore.delete(app, id, at: now, in: session)
        }
        guard let endpoint else { throw try await ReadEndpoints.notFound(in: app, call) }
        return call.answer(try endpoint.response, status: 202)
    }

    static func ofUser(_ call: RequestContext) async throws -> HTTPResponse {
        let app = try await call.app()
        let user = UserID(try call.parameter("user-id"))
        let now = call.context.environment.now()
        let endpoints = try await call.context.database.retryingTransaction { session in
            try await EndpointStore.delete(app, user: user, at: now, in: session)
        }
        guard !endpoints.isEmpty else { throw try await ReadEndpoints.notFound(in: app, call) }
        return call.answer(EndpointsResponse(item: try endpoints.map { try $0.response }), status: 202)
    }
}
