import Core
import HTTPServer
import Hosting
import Model
import PinpointAPI
import Postgres

/// TagResource, UntagResource, ListTagsForResource, for apps, campaigns, segments and templates.
enum TagCalls {
    static func add(_ call: RequestContext) async throws -> HTTPResponse {
        let resource = try resource(call)
        let request: TagsModel = try call.body()
        try TagRules.check(request.tags)
        let tags = try await call.context.database.transaction { session in
            try await TaggedResource.merge(request.tags ?? [:], into: resource, account: call.account, in: session)
        }
        guard tags != nil else { throw APIError.resourceNotFound }
        return .empty(status: 204)
    }

    static func remove(_ call: RequestContext) async throws -> HTTPResponse {
        let resource = try resource(call)
        let keys = try QueryParameters(call.request).strings("tagKeys")
        try TagRules.check(keys: keys)
        let isFound = try await call.context.database.transaction { session in
            try await TaggedResource.remove(keys: keys, from: resource, account: call.account, in: session)
        }
        guard isFound else { throw APIError.resourceNotFound }
        return .empty(status: 204)
    }

    static func list(_ call: RequestContext) async throws -> HTTPResponse {
        let resource = try resource(call)
        let tags = try await call.context.database.withSession { session in
            try await TaggedResource.tags(of: resource, account: call.account, in: session)
        }
        guard let tags else { throw APIError.resourceNotFound }
        return call.answer(TagsModel(tags: tags))
    }

    /// Any region will do: an installation is one, and clients name theirs.
    private static func resource(_ call: RequestContext) throws(APIError) -> ARN.Resource {
        guard let arn = ARN(try call.parameter("resource-arn")) else {
            throw .badRequest("resource-arn must be the ARN of an app, campaign, segment or template")
        }
        guard arn.account == call.account else { throw .resourceNotFound }
        return arn.resource
    }
}
