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
        let page = try PageRequest(query)
        let type = try query.string("template-type").map { text throws(APIError) in try TemplateType(inAnyCase: text) }
        let after = try page.cursor(of: "ListTemplates").map { token throws(APIError) in
            guard let type = TemplateType(rawValue: try token.string("Type")) else {
                throw .badRequest("The token is not valid for this list")
            }
            return (name: try token.string("Name"), type: type)
        }
        let templates = try await call.context.database.withSession { session in
            try await TemplateStore.list(
                account: call.account, prefix: query.string("prefix"), type: type, after: after, limit: page.size + 1,
                in: session)
        }
        let shown = templates.prefix(page.size)
        var next: PageToken?
        if templates.count > page.size, let last = shown.last {
            next = PageToken(
                list: "ListTemplates", position: ["Name": .string(last.name), "Type": .string(last.type.rawValue)])
        }
        return call.answer(
            TemplatesResponse(item: shown.map { $0.response(region: call.region) }, nextToken: next?.text))
    }

    static func versions(_ call: RequestContext) async throws -> HTTPResponse {
        let (name, type) = try call.template()
        let page = try PageRequest(QueryParameters(call.request))
        let before = try page.cursor(of: "ListTemplateVersions").map { token throws(APIError) in
            guard let version = Int32(exactly: try token.integer("Version")) else {
                throw .badRequest("The token is not valid for this list")
            }
            return version
        }
        let versions = try await call.context.database.withSession { session in
            try await TemplateStore.versions(
                name, type: type, before: before, limit: page.size + 1, account: call.account, in: session)
        }
        // A template has at least one version, so an empty first page means that it does not exist.
        if versions.isEmpty, before == nil { throw APIError.resourceNotFound }
        let shown = versions.prefix(page.size)
        var next: PageToken?
        if versions.count > page.size, let last = shown.last {
            next = PageToken(list: "ListTemplateVersions", position: ["Version": .integer(Int64(last.version))])
        }
        return call.answer(
            TemplateVersionsResponse(item: shown.map(\.summary), nextToken: next?.text, requestID: call.requestID))
    }
}
