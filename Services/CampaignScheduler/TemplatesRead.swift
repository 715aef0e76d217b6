import Core
import HTTPServer
import Hosting
import Model
import PinpointAPI
import Postgres

/// GetEmailTemplate and its sisters, ListTemplates, ListTemplateVersions.
enum ReadTemplates {
    static func one(_ type: TemplateType) -> Route.Handler {
        { call in
            let name = try call.parameter("template-name")
            guard let version = WantedTemplateVersion(try QueryParameters(call.request).string("version")) else {
                throw APIError.badRequest("version must be latest or the number of a version")
            }
            let template = try await call.context.database.withSession { session in
                try await TemplateStore.template(
                    name, type: type, version: version, account: call.account, in: session)
            }
            guard let template else { throw APIError.resourceNotFound }
            return .json(template.response(region: call.region).serialized)
        }
    }

    static func list(_ call: RequestContext) async throws -> HTTPResponse {
        let query = try QueryParameters(call.request)
        let type = try query.string("template-type").map { text throws(APIError) in try TemplateType(inAnyCase: text) }
        let page = try KeysetPage<TemplatePosition>(
            call, list: "ListTemplates", read: TemplatePosition.init, write: { $0.members })
        let after = page.start.map { (name: $0.name, type: $0.type) }
        let templates = try await call.context.database.withSession { session in
            try await TemplateStore.list(
                account: call.account, prefix: query.string("prefix"), type: type, after: after, limit: page.limit,
                in: session)
        }
        let (shown, next) = page.cut(templates) { TemplatePosition(name: $0.name, type: $0.type) }
        return call.answer(TemplatesResponse(item: shown.map { $0.response(region: call.region) }, nextToken: next))
    }

    static func versions(_ call: RequestContext) async throws -> HTTPResponse {
        let (name, type) = try call.template()
        let page = try KeysetPage.byVersion(call, list: "ListTemplateVersions")
        let before = try page.start.map { number throws(APIError) in
            guard let version = Int32(exactly: number) else { throw PageToken.invalid }
            return version
        }
        let versions = try await call.context.database.withSession { session in
            try await TemplateStore.versions(
                name, type: type, before: before, limit: page.limit, account: call.account, in: session)
        }
        // A template has at least one version, so an empty first page means that it does not exist.
        if versions.isEmpty, before == nil { throw APIError.resourceNotFound }
        let (shown, next) = page.cut(versions) { Int($0.version) }
        return call.answer(
            TemplateVersionsResponse(item: shown.map(\.summary), nextToken: next, requestID: call.requestID))
    }
}

/// Where a list of templates stands: by name, then type.
private struct TemplatePosition: Sendable {
    let name: String
    let type: TemplateType

    init(name: String, type: TemplateType) {
        self.name = name
        self.type = type
    }

    init(_ token: PageToken) throws(APIError) {
        guard let type = TemplateType(rawValue: try token.string("Type")) else { throw PageToken.invalid }
        self.init(name: try token.string("Name"), type: type)
    }

    var members: JSONObject { ["Name": .string(name), "Type": .string(type.rawValue)] }
}
