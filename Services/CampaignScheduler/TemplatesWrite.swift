import Core
import EventLoop
import HTTPServer
import Hosting
import Model
import PinpointAPI
import Postgres

/// Create-, Update- and DeleteEmailTemplate, UpdateTemplateActiveVersion.
enum WriteTemplate {
    /// Larger ones are compiled aside: the check takes more than a millisecond.
    private static let inlineBytes = 32 << 10

    static func create(_ call: RequestContext) async throws -> HTTPResponse {
        let name = try call.parameter("template-name")
        guard CheckEmailTemplate.isName(name) else {
            throw APIError.badRequest(
                "template-name must begin with a letter or digit and have 1 to 128 letters, digits, hyphens and underscores"
            )
        }
        let request: EmailTemplateRequest = try call.body()
        try TagRules.check(request.tags)
        try await check(request, call)
        let now = call.context.environment.now()
        let isNew = try await call.context.database.transaction { session in
            try await TemplateStore.create(name, request, account: call.account, now: now, in: session)
        }
        guard isNew else { throw APIError.badRequest("There is an EMAIL template named \(name) already") }
        let arn = ARN(region: call.region, account: call.account, .template(name: name, .email))
        return call.answer(
            CreateTemplateMessageBody(arn: arn.description, message: "Created", requestID: call.requestID), status: 201)
    }

    static func update(_ call: RequestContext) async throws -> HTTPResponse {
        let name = try call.parameter("template-name")
        let query = try QueryParameters(call.request)
        let createsVersion = try query.bool("create-new-version") ?? false
        let expected = try number(query)
        if createsVersion, expected != nil {
            throw APIError.badRequest("version and create-new-version=true cannot be given together")
        }
        let request: EmailTemplateRequest = try call.body()
        try await check(request, call)
        let now = call.context.environment.now()
        let version = try await call.context.database.transaction { session in
            try await TemplateStore.update(
                name, request, createsVersion: createsVersion, expected: expected, account: call.account, now: now,
                in: session)
        }
        guard version != nil else { throw APIError.resourceNotFound }
        return call.answer(MessageBody(message: "Accepted", requestID: call.requestID), status: 202)
    }

    static func delete(_ call: RequestContext) async throws -> HTTPResponse {
        let name = try call.parameter("template-name")
        let version = try number(QueryParameters(call.request))
        let isDeleted = try await call.context.database.transaction { session in
            if let version {
                try await TemplateStore.delete(version: version, of: name, account: call.account, in: session)
            } else {
                try await TemplateStore.delete(name, account: call.account, in: session)
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

    private static func check(_ request: EmailTemplateRequest, _ call: RequestContext) async throws {
        guard call.request.body.count > inlineBytes else { return try CheckEmailTemplate.run(request) }
        try await call.context.loop.offload { try CheckEmailTemplate.run(request) }
    }

    private static func number(_ query: QueryParameters) throws(APIError) -> Int32? {
        try query.integer("version", in: 1...Int(Int32.max)).map { Int32($0) }
    }
}

extension RequestContext {
    /// `{template-name}` and `{template-type}`; the type in any case.
    func template() throws(APIError) -> (name: String, type: TemplateType) {
        let text = try parameter("template-type")
        guard let type = TemplateType(rawValue: text.uppercased()) else {
            let known = TemplateType.allCases.map(\.rawValue).joined(separator: ", ")
            throw .badRequest("template-type must be one of \(known); got \"\(text.prefix(32))\"")
        }
        return (try parameter("template-name"), type)
    }
}
