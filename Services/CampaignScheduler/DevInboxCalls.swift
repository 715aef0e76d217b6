import Core
import HTTPServer
import Hosting
import Model
import PinpointAPI
import Postgres
import Queue

/// Doing with a caught message what its recipient might: `POST /dev/inbox/{id}/{action}`, with the words of an answer as a form field
/// or a JSON member `text`.
enum DevInboxCalls {
    private static let textLimitBytes = 4096

    static func act(_ call: RequestContext) async throws -> HTTPResponse {
        try checkOrigin(call)
        guard let id = Int64(try call.parameter("id")),
            let action = DevInboxAction(rawValue: try call.parameter("action"))
        else { throw APIError.resourceNotFound }
        let text = try words(call)
        if action.prompt != nil, text.isEmpty { throw WirePath.root.member("text").refusal("is required") }
        let context = call.context
        let references = SendReferences(masterKey: context.masterKey)
        try await context.database.transaction { session in
            guard let entry = try await DevInboxStore.find(id, in: session)?.entry else {
                throw APIError.resourceNotFound
            }
            guard DevInboxAction.all(on: entry.channel).contains(action) else {
                throw APIError.badRequest("a message of channel \(entry.channel) has no \(action.rawValue)")
            }
            guard let send = entry.send(references),
                let app = try await RunStore.app(of: send.reference.run, in: session)
            else { throw APIError.badRequest("this message is of no run that is still there") }
            let event = action.event(
                on: entry, reference: send.text, text: text, at: context.environment.realNow(),
                nonce: context.environment.newRequestID())
            try await InboundStore.add(
                event, app: app, channel: entry.channel, environment: context.environment, in: session)
        }
        try? await QueueNotifier.hint(.inbound, on: context.database)
        guard call.request.headers["accept"]?.contains("text/html") == true else { return .empty(status: 202) }
        var answer = HTTPResponse.empty(status: 303)
        answer.headers["Location"] = "/dev/inbox/\(id)/view?done=\(action.rawValue)"
        return answer
    }

    /// The inbox asks nobody who they are, so that a page of another site must not press its buttons.
    private static func checkOrigin(_ call: RequestContext) throws {
        if let origin = call.request.headers["origin"], let host = call.request.headers["host"],
            origin != "http://\(host)" && origin != "https://\(host)"
        {
            throw APIError.badRequest("the development inbox answers its own pages only")
        }
    }

    private static func words(_ call: RequestContext) throws -> String {
        let body = call.request.body
        guard !body.isEmpty else { return "" }
        let text: String?
        if call.request.headers["content-type"]?.hasPrefix("application/x-www-form-urlencoded") == true {
            let form = String(decoding: body, as: UTF8.self)
            let field = form.split(separator: "&").first { $0.hasPrefix("text=") }
            text = field.flatMap { PercentEncoding.decode($0.dropFirst("text=".count).replacing("+", with: "%20")) }
        } else {
            text = try call.json()["text"]?.string
        }
        guard let text, text.utf8.count <= textLimitBytes else {
            throw WirePath.root.member("text").refusal("must be a text of at most \(textLimitBytes) bytes")
        }
        return text
    }
}
