import Core
import EventLoop
import HTTPServer
import Hosting
import Model
import PinpointAPI
import Providers

/// `GET|POST /inbound/{provider}/{what}`: a provider's webhook. Believed by its signature over the bytes as they came, stored, and only
/// then answered; read later, from the queue. What is refused leaves no trace but a count and a line in the log.
enum TakeCall {
    /// Whole messages with attachments come by these; everything else is a form or a JSON object.
    private static let mailPaths = ["mime", "parse", "inbound", "mail"]
    private static let mailBytes = 10 << 20
    private static let bodyBytes = 256 << 10
    /// Of headers that are kept; a call's own are a few hundred bytes.
    private static let headerBytes = 16 << 10
    /// What only says who asks, or how.
    private static let droppedHeaders: Set<String> = [
        "authorization", "proxy-authorization", "cookie", "connection", "content-length", "accept", "accept-encoding",
        "x-needletail-service", "expect",
    ]

    static func routes(_ inbound: Inbound) -> [Route] {
        ["GET", "POST"].flatMap { method in
            let mail = mailPaths.map { route(method, "/inbound/{provider}/\($0)", bytes: mailBytes, what: $0, inbound) }
            return mail + [route(method, "/inbound/{provider}/{what}", bytes: bodyBytes, what: nil, inbound)]
        }
    }

    private static func route(
        _ method: String, _ template: String, bytes: Int, what: String?, _ inbound: Inbound
    ) -> Route {
        Route(method, template, access: .open, bodyLimitBytes: bytes) { call in
            try await run(call, what: try what ?? call.parameter("what"), inbound)
        }
    }

    static func run(_ call: RequestContext, what: String, _ inbound: Inbound) async throws -> HTTPResponse {
        guard inbound.slots.enter() else {
            inbound.metrics.count(.overload, kind: "none")
            throw APIError.unavailable("Too many calls are being taken; try again")
        }
        defer { inbound.slots.leave() }
        // An id that cannot be one costs no look, one that is none costs the same as one that is.
        guard what.utf8.count <= 64, let id = ProviderID(try call.parameter("provider")),
            let provider = try await inbound.providers.find(id)
        else { throw APIError.resourceNotFound }
        let taken = inboundCall(call, what: what, publicURL: inbound.tools.publicURL)
        do throws(InboundRefusal) {
            try await provider.reader().verify(taken)
        } catch {
            throw refused(error, provider, call, inbound)
        }
        let answer = try provider.reader().answer(to: taken)
        // A question for our name (`hub.challenge`) carries a secret and says nothing.
        let isQuestion = taken.method == "GET" && (try? provider.reader().events(in: taken))?.isEmpty == true
        if !isQuestion { try await inbound.store(stored(taken, provider, inbound.context.environment)) }
        inbound.metrics.count(.received, kind: provider.stored.kind)
        return answer
    }

    private static func inboundCall(_ call: RequestContext, what: String, publicURL: String) -> InboundCall {
        let request = call.request
        let query = request.rawQuery
        return InboundCall(
            method: request.method == "HEAD" ? "GET" : request.method, what: what,
            url: "\(publicURL)\(request.rawPath)\(query.isEmpty ? "" : "?")\(query)", query: query,
            headers: request.headers.all.map { (name: $0.name.lowercased(), value: $0.value) }, body: request.body,
            receivedAt: call.context.environment.realNow())
    }

    private static func refused(
        _ refusal: InboundRefusal, _ provider: InboundProviders.Entry, _ call: RequestContext, _ inbound: Inbound
    ) -> APIError {
        let (outcome, words, answer): (InboundMetrics.Outcome, String, APIError) =
            switch refusal {
            case .untrusted(let words): (.refused, words, .forbidden("The call is not signed as it should be"))
            case .unreadable(let words): (.unreadable, words, .badRequest("The call cannot be read"))
            case .unavailable(let words):
                (.unavailable, words, .unavailable("The call cannot be checked at the moment; try again"))
            }
        inbound.metrics.count(outcome, kind: provider.stored.kind)
        call.context.environment.log.warning(
            "inbound.refused",
            [
                "provider": .string(provider.stored.id.description), "kind": .string(provider.stored.kind),
                "request": .string(call.requestID), "reason": .string(words),
            ])
        return answer
    }

    private static func stored(
        _ call: InboundCall, _ provider: InboundProviders.Entry, _ environment: Environment
    ) -> StoredCall {
        var room = headerBytes
        var headers: [StoredCall.Header] = []
        for (name, value) in call.headers where !droppedHeaders.contains(name) {
            room -= name.utf8.count + value.utf8.count
            if room < 0 { break }
            headers.append(StoredCall.Header(name: name, value: value))
        }
        return StoredCall(
            id: StoredCall.newID(at: call.receivedAt, environment), app: provider.app, provider: provider.stored.id,
            kind: provider.stored.kind, channel: provider.channel, method: call.method, what: call.what, url: call.url,
            query: call.query, headers: headers, body: call.body, receivedAt: call.receivedAt)
    }
}

extension InboundCall {
    init(_ call: StoredCall) {
        self.init(
            method: call.method, what: call.what, url: call.url, query: call.query,
            headers: call.headers.map { (name: $0.name, value: $0.value) }, body: call.body, receivedAt: call.receivedAt
        )
    }
}

/// Calls that are being taken at a time: bounds what strangers can make the process look up and hold.
final class CallSlots: Sendable {
    private static let limit = 1024
    private let taken = Lock(0)

    func enter() -> Bool {
        taken.withLock { taken in
            guard taken < Self.limit else { return false }
            taken += 1
            return true
        }
    }

    func leave() { taken.withLock { $0 -= 1 } }
}
