import Access
import Core
import HTTPServer
import Hosting
import Model
import PinpointAPI
import Postgres

/// Publishable write keys of an app: make, list, revoke. For callers with a key of the account; a write key makes no others.
enum WriteKeyCalls {
    private static let bodyLimitBytes = 16 << 10

    static let routes: [Route] = [
        Route(
            "POST", "/v1/apps/{application-id}/write-keys",
            access: .signed(action: "mobiletargeting:CreateWriteKey"), bodyLimitBytes: bodyLimitBytes, handler: create),
        Route(
            "GET", "/v1/apps/{application-id}/write-keys",
            access: .signed(action: "mobiletargeting:GetWriteKeys"), handler: list),
        Route(
            "DELETE", "/v1/apps/{application-id}/write-keys/{write-key-id}",
            access: .signed(action: "mobiletargeting:DeleteWriteKey"), handler: revoke),
    ]

    /// 201 with the key itself, for the only time: what is stored is its hash.
    private static func create(_ call: RequestContext) async throws -> HTTPResponse {
        let app = try await call.app()
        let request = try WriteKeyRequest(call.request.body.isEmpty ? [:] : call.json())
        let made = try await call.context.database.transaction { session in
            try await WriteKeyStore.create(
                request, app: app, account: call.account, environment: call.context.environment, in: session)
        }
        guard let made else {
            call.context.apps.forget(app)
            _ = try await call.app()
            throw APIError.badRequest("An app can have \(WriteKey.keysPerApp) write keys; delete one first")
        }
        var response = HTTPResponse.json(made.key.json(token: made.token).serialized, status: 201)
        response.headers["Cache-Control"] = "no-store"
        return response
    }

    private static func list(_ call: RequestContext) async throws -> HTTPResponse {
        let app = try await call.app()
        let page = try PageRequest(QueryParameters(call.request))
        let after = try page.cursor(of: "GetWriteKeys").map { token throws(APIError) in
            (createdAt: try token.instant("CreatedAt"), id: try token.string("Id"))
        }
        let keys = try await call.context.database.withSession { session in
            try await WriteKeyStore.list(app, after: after, limit: page.size + 1, in: session)
        }
        let shown = keys.prefix(page.size)
        var answer: JSONObject = ["Item": .array(shown.map { $0.json() })]
        if keys.count > page.size, let last = shown.last {
            let next = PageToken(
                list: "GetWriteKeys",
                position: ["CreatedAt": .integer(last.createdAt.microseconds), "Id": .string(last.id)])
            answer["NextToken"] = .string(next.text)
        }
        return .json(JSON.object(answer).serialized)
    }

    /// 200 with what was revoked. Processes that have just used the key take it for up to `AccessKeyCache.lifetime` more.
    private static func revoke(_ call: RequestContext) async throws -> HTTPResponse {
        let app = try await call.app()
        let id = try call.parameter("write-key-id")
        let now = call.context.environment.realNow()
        let key = try await call.context.database.transaction { session in
            try await WriteKeyStore.revoke(id, app: app, now: now, in: session)
        }
        guard let key else { throw APIError.resourceNotFound }
        return .json(key.json().serialized)
    }
}
