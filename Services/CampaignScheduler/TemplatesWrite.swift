import Core
import EventLoop
import HTTPServer
import Hosting
import Model
import PinpointAPI
import Postgres

/// Create, update and delete of one type of template; UpdateTemplateActiveVersion.
struct WriteTemplate: Sendable {
    let type: TemplateType

    /// Larger ones are compiled aside: the check takes more than a millisecond.
    private static let inlineBytes = 32 << 10

    func create(_ call: RequestContext) async throws -> HTTPResponse {
        let name = try call.parameter("template-name")
        guard CheckTemplate.isName(name) else {
            throw APIError.badRequest(
                "template-name must begin with a letter or digit and have 1 to 128 letters, digits, hyphens and underscores"
            )
        }
        let content = try TemplateContent(type, request: call.json())
        try TagRules.check(content.tags)
        let warnings = try await check(content, call)
        let now = call.context.environment.now()
        let isNew = try await call.context.database.transaction { session in
            try await TemplateStore.create(name, content, account: call.account, now: now, in: session)
        }
        guard isNew else {
            throw APIError.badRequest("There is already a template named \(name) of the type \(type.rawValue)")
        }
        let arn = ARN(region: call.region, account: call.account, .template(name: name, type))
        // TemplateCreateMessageBody, as the model calls it for in-app templates, has the same members.
        return call.answer(
            CreateTemplateMessageBody(
                arn: arn.description, message: "Created", requestID: call.requestID,
                needletail: Self.extensions(warnings)), status: 201)
    }

    func update(_ call: RequestContext) async throws -> HTTPResponse {
        let name = try call.parameter("template-name")
        let query = try QueryParameters(call.request)
        let createsVersion = try query.bool("create-new-version") ?? false
        let expected = try number(query)
        if createsVersion, expected != nil {
            throw APIError.badRequest("version and create-new-version=true cannot be given together")
        }
        let content = try TemplateContent(type, request: call.json())
        let warnings = try await check(content, call)
        let now = call.context.environment.now()
        let version = try await call.context.database.transaction { session in
            try await TemplateStore.update(
                name, content, createsVersion: createsVersion, expected: expected, account: call.account, now: now,
                in: session)
        }
        guard version != nil else { throw APIError.resourceNotFound }
        return call.answer(
            MessageBody(message: "Accepted", requestID: call.requestID, needletail: Self.extensions(warnings)),
            status: 202)
    }

    func delete(_ call: RequestContext) async throws -> HTTPResponse {
        let name = try call.parameter("template-name")
        let version = try number(QueryParameters(call.request))
        let isDeleted = try await call.context.database.transaction { session in
            if let version {
                try await TemplateStore.delete(
                    version: version, of: name, type: type, account: call.account, in: session)
            } else {
                try await TemplateStore.delete(name, type: type, account: call.account, in: session)
            }
        }
        guard isDeleted else { throw APIError.resourceNotFound }
        return call.answer(MessageBody(message: "Accepted", requestID: call.requestID), status: 202)
    }

    static func activate(_ call: RequestContext) async throws -> HTTPResponse {
        let (name, type) = try call.template()
        let request: TemplateActiveVersionRequest = try call.body()
        guard let text = request.version, let version = WantedTemplateVersion(text) else {
            throw WirePath.root.member("Version").refusal("must be latest or the number of a version")
        }
        let isFound = try await call.context.database.transaction { session in
            try await TemplateStore.activate(version, of: name, type: type, account: call.account, in: session)
        }
        guard isFound else { throw APIError.resourceNotFound }
        return call.answer(MessageBody(message: "Success", requestID: call.requestID))
    }

    /// Returns what `CheckTemplate` warns of.
    private func check(_ content: TemplateContent, _ call: RequestContext) async throws -> [String] {
        let sources = content.sources
        let snippets = try await call.context.database.withSession { session in
            try await SnippetStore.called(by: sources, account: call.account, in: session)
        }
        guard call.request.body.count > Self.inlineBytes || !snippets.isEmpty else {
            return try CheckTemplate.run(content, snippets: [:])
        }
        return try await call.context.loop.offload { try CheckTemplate.run(content, snippets: snippets) }
    }

    /// The texts of Pinpoint's own messages stay as its clients know them.
    private static func extensions(_ warnings: [String]) -> JSON? {
        warnings.isEmpty ? nil : ["Warnings": warnings.prefix(CheckTemplate.warningsPerAnswer).map(\.self).json]
    }

    private func number(_ query: QueryParameters) throws(APIError) -> Int32? {
        try query.integer("version", in: 1...Int(Int32.max)).map { Int32($0) }
    }
}

extension RequestContext {
    /// `{template-name}` and `{template-type}`; the type in any case.
    func template() throws(APIError) -> (name: String, type: TemplateType) {
        (try parameter("template-name"), try TemplateType(inAnyCase: parameter("template-type")))
    }
}

extension TemplateType {
    init(inAnyCase text: String) throws(APIError) {
        guard let type = TemplateType(rawValue: text.uppercased()) else {
            let known = TemplateType.allCases.map(\.rawValue).joined(separator: ", ")
            throw .badRequest("template-type must be one of \(known); got \"\(text.prefix(32))\"")
        }
        self = type
    }
}
