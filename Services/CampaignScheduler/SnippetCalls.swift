import Core
import EventLoop
import HTTPServer
import Hosting
import Model
import PinpointAPI
import Postgres
import Templates

/// `/v1/snippets` (extension): text that templates share, as `{{> name}}`.
enum SnippetCalls {
    static func put(_ call: RequestContext) async throws -> HTTPResponse {
        let name = try call.parameter("snippet-name")
        guard CheckTemplate.isName(name) else {
            throw APIError.badRequest(
                "snippet-name must begin with a letter or digit and have 1 to 128 letters, digits, hyphens and underscores"
            )
        }
        let (body, description) = try read(call.json())
        let now = call.context.environment.now()
        let snippet = Snippet(name: name, body: body, description: description, createdAt: now, modifiedAt: now)
        var called = try await call.context.database.withSession { session in
            try await SnippetStore.called(by: [body], account: call.account, in: session)
        }
        called[name] = body
        let snippets = called
        try await call.context.loop.offload { try check(name, snippets) }
        let stored = try await call.context.database.transaction { session in
            _ = try await SnippetStore.put(snippet, account: call.account, in: session)
            return try await SnippetStore.find(name, account: call.account, in: session)
        }
        guard let stored else { throw APIError.resourceNotFound }
        return answer(stored)
    }

    static func get(_ call: RequestContext) async throws -> HTTPResponse {
        let name = try call.parameter("snippet-name")
        let snippet = try await call.context.database.withSession { session in
            try await SnippetStore.find(name, account: call.account, in: session)
        }
        guard let snippet else { throw APIError.resourceNotFound }
        return answer(snippet)
    }

    static func delete(_ call: RequestContext) async throws -> HTTPResponse {
        let name = try call.parameter("snippet-name")
        let snippet = try await call.context.database.transaction { session in
            try await SnippetStore.delete(name, account: call.account, in: session)
        }
        guard let snippet else { throw APIError.resourceNotFound }
        return answer(snippet)
    }

    static func list(_ call: RequestContext) async throws -> HTTPResponse {
        let prefix = try QueryParameters(call.request).string("prefix")
        let page = try KeysetPage.byName(call, list: "ListSnippets")
        let snippets = try await call.context.database.withSession { session in
            try await SnippetStore.list(
                account: call.account, prefix: prefix, after: page.start, limit: page.limit, in: session)
        }
        let (shown, next) = page.cut(snippets, at: \.name)
        var answer: JSONObject = ["Item": .array(shown.map { .object(members(of: $0, hasBody: false)) })]
        if let next { answer["NextToken"] = .string(next) }
        return .json(JSON.object(answer).serialized)
    }

    private static func read(_ json: JSON) throws(APIError) -> (body: String, description: String?) {
        try NeedletailMembers.only(["Body", "Description"], of: json, at: .root)
        let reader = try WireReader(json, at: .root)
        guard let body: String = try reader.require("Body") else {
            throw WirePath.root.member("Body").refusal("is required")
        }
        try reader.check(length: 0...Snippet.bodyCharacters, body, "Body")
        let description: String? = try reader.read("Description")
        try reader.check(length: 0...Snippet.descriptionCharacters, description, "Description")
        return (body, description)
    }

    /// Refuses what no template could call: text that does not compile, and calls in a circle. A partial that nobody defines yet
    /// may come from the template that calls this snippet.
    private static func check(_ name: String, _ snippets: [String: String]) throws(APIError) {
        var snippets = snippets
        for body in snippets.values {
            do throws(TemplateFault) {
                for partial in try TemplateProgram.partialNames(in: body) where snippets[partial] == nil {
                    snippets[partial] = ""
                }
            } catch {
                // Compiled below, where the fault gets its place.
                continue
            }
        }
        do throws(TemplateFault) {
            _ = try TemplateProgram.compile("{{> [\(name)]}}", snippets: snippets)
        } catch {
            throw WirePath.root.member("Body").refusal("is not a valid template: \(error)")
        }
    }

    private static func answer(_ snippet: Snippet) -> HTTPResponse {
        .json(JSON.object(members(of: snippet, hasBody: true)).serialized)
    }

    private static func members(of snippet: Snippet, hasBody: Bool) -> JSONObject {
        var members: JSONObject = [
            "Name": .string(snippet.name), "CreationDate": .string(snippet.createdAt.description),
            "LastModifiedDate": .string(snippet.modifiedAt.description),
        ]
        if hasBody { members["Body"] = .string(snippet.body) }
        if let description = snippet.description { members["Description"] = .string(description) }
        return members
    }
}
