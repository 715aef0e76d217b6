import Core
import HTTPServer
import Hosting
import Model
import PinpointAPI
import Postgres
import Runtime

/// The development inbox: shows what its SMTP listener, and the channels without a provider, caught. Open, because it is a tool of one's own machine: off (404)
/// unless `NEEDLETAIL_DEV_INBOX=1`.
enum DevInbox {
    static let routes: [Route] = [
        route("GET", "/dev/inbox", list),
        route("GET", "/dev/inbox.html", index),
        route("GET", "/dev/inbox/{id}", one),
        route("GET", "/dev/inbox/{id}/raw", raw),
        route("GET", "/dev/inbox/{id}/view", view),
        route("POST", "/dev/inbox/{id}/{action}", bodyLimitBytes: 16 << 10, DevInboxCalls.act),
        route("DELETE", "/dev/inbox", clear),
    ]

    private static let pageSize = 50
    private static let largestPage = 500

    private static func route(
        _ method: String, _ template: String, bodyLimitBytes: Int = 0, _ handler: @escaping Route.Handler
    ) -> Route {
        Route(method, template, access: .open, bodyLimitBytes: bodyLimitBytes) { call in
            guard call.context.configuration.isDevInboxOn else { throw APIError.resourceNotFound }
            return try await handler(call)
        }
    }

    /// `{"messages": […], "next": id}`, newest first; `next` is the `before` of the next page. A browser gets the page.
    private static func list(_ call: RequestContext) async throws -> HTTPResponse {
        if call.request.headers["accept"]?.contains("text/html") == true { return try await index(call) }
        let (entries, next) = try await page(call)
        var answer: JSONObject = ["messages": .array(entries.map { .object($0.json) })]
        answer["next"] = next.map { .integer($0) }
        return .json(JSON.object(answer).serialized)
    }

    private static func index(_ call: RequestContext) async throws -> HTTPResponse {
        let recipient = try QueryParameters(call.request).string("recipient")
        let (entries, next) = try await page(call)
        return DevInboxPage.list(entries, recipient: recipient, next: next)
    }

    private static func page(_ call: RequestContext) async throws -> (entries: [DevInboxEntry], next: Int64?) {
        let query = try QueryParameters(call.request)
        let limit = min(try query.integer("limit", in: 1...Int(Int32.max)) ?? pageSize, largestPage)
        let before = try query.integer("before", in: 1...Int.max).map { Int64($0) }
        let entries = try await call.context.database.withSession { session in
            try await DevInboxStore.list(
                recipient: query.string("recipient"), before: before, limit: limit + 1, in: session)
        }
        let shown = Array(entries.prefix(limit))
        return (shown, entries.count > limit ? shown.last?.id : nil)
    }

    /// Headers and the readable parts as JSON; with `.html` behind the id the HTML part as a page.
    private static func one(_ call: RequestContext) async throws -> HTTPResponse {
        let id = try call.parameter("id")
        let isPage = id.hasSuffix(".html")
        let (entry, bytes) = try await find(isPage ? String(id.dropLast(".html".count)) : id, call)
        var answer = entry.json
        guard entry.channel == "EMAIL" else {
            answer["text"] = .string(String(decoding: bytes, as: UTF8.self))
            return isPage ? try view(call, entry, bytes) : .json(JSON.object(answer).serialized)
        }
        let message = MailMessage(bytes)
        if isPage { return DevInboxPage.message(message) }
        answer["headers"] = .array(
            message.headers.map { ["name": .string($0.name), "value": .string($0.value)] })
        answer["text"] = message.text.map { .string($0) }
        answer["html"] = message.html.map { .string($0) }
        return .json(JSON.object(answer).serialized)
    }

    private static func raw(_ call: RequestContext) async throws -> HTTPResponse {
        let (entry, bytes) = try await find(try call.parameter("id"), call)
        return HTTPResponse(
            status: 200,
            headers: [
                "Content-Type": entry.channel == "EMAIL" ? "message/rfc822" : "text/plain; charset=utf-8",
                "Content-Disposition":
                    "attachment; filename=\"\(entry.id).\(entry.channel == "EMAIL" ? "eml" : "txt")\"",
                "X-Content-Type-Options": "nosniff",
            ],
            body: .bytes(bytes)
        )
    }

    private static func view(_ call: RequestContext) async throws -> HTTPResponse {
        let (entry, bytes) = try await find(try call.parameter("id"), call)
        return try view(call, entry, bytes)
    }

    private static func view(
        _ call: RequestContext, _ entry: DevInboxEntry, _ bytes: [UInt8]
    ) throws -> HTTPResponse {
        let send = entry.send(SendReferences(masterKey: call.context.masterKey))
        let done = try call.query("done").flatMap(DevInboxAction.init(rawValue:))
        return DevInboxView.page(entry, raw: bytes, isOurs: send != nil, done: done)
    }

    private static func clear(_ call: RequestContext) async throws -> HTTPResponse {
        try await call.context.database.transaction { try await DevInboxStore.clear(in: $0) }
        return .empty(status: 204)
    }

    private static func find(
        _ id: String, _ call: RequestContext
    ) async throws -> (entry: DevInboxEntry, raw: [UInt8]) {
        guard let id = Int64(id) else { throw APIError.resourceNotFound }
        let found = try await call.context.database.withSession { try await DevInboxStore.find(id, in: $0) }
        guard let found else { throw APIError.resourceNotFound }
        return found
    }
}
