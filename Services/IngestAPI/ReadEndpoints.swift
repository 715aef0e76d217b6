import Core
import HTTPServer
import Hosting
import Model
import PinpointAPI
import Postgres

/// GetEndpoint and GetUserEndpoints.
enum ReadEndpoints {
    static func one(_ call: RequestContext) async throws -> HTTPResponse {
        let app = try await call.app()
        let id = EndpointID(try call.parameter("endpoint-id"))
        let endpoint = try await call.context.database.withSession { try await EndpointStore.load(app, id, in: $0) }
        guard let endpoint else { throw APIError.resourceNotFound }
        return call.answer(try endpoint.response)
    }

    static func ofUser(_ call: RequestContext) async throws -> HTTPResponse {
        let app = try await call.app()
        let user = UserID(try call.parameter("user-id"))
        let endpoints = try await call.context.database.withSession {
            try await EndpointStore.load(app, user: user, in: $0)
        }
        guard !endpoints.isEmpty else { throw APIError.resourceNotFound }
        return call.answer(EndpointsResponse(item: try endpoints.map { try $0.response }))
    }
}
