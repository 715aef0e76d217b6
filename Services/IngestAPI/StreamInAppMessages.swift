import Access
import Core
import Crypto
import EventLoop
import HTTPServer
import Hosting
import Model
import PinpointAPI

/// `GET …/endpoints/{id}/inappmessages/stream`: what GetInAppMessages answers, as server-sent events (WHATWG HTML §9.2): at once, and
/// again whenever it is another answer.
///
/// A campaign that starts, pauses or changes is told within two seconds; what changes with the person (attributes, a new user) or
/// with the time, within a heartbeat. An event's id is a digest of its list, so that who comes back with `Last-Event-ID` is
/// told only what is new. Ends after five minutes, when the process drains, and when the key or the app is gone; clients come back.
struct StreamInAppMessages: Sendable {
    /// Well within the gateway's `proxy_read_timeout` of 60 s.
    private static let heartbeat: Duration = .seconds(15)
    private static let poll: Duration = .seconds(1)
    /// A signature is checked once; this bounds how long it counts.
    private static let life: Duration = .seconds(300)

    let messages: GetInAppMessages
    let streams: InAppStreams

    func run(_ call: RequestContext) async throws -> HTTPResponse {
        let app = try await call.app()
        guard try await messages.answer(app, call) != nil else { throw try await ReadEndpoints.notFound(in: app, call) }
        guard streams.hasRoom(for: app) else {
            throw APIError.tooManyRequests("Too many live streams are open; ask for the messages instead, or later")
        }
        return HTTPResponse(
            status: 200,
            headers: [
                "Content-Type": "text/event-stream; charset=utf-8", "Cache-Control": "no-store",
                // nginx passes on each event as it comes.
                "X-Accel-Buffering": "no",
            ],
            body: .stream { writer in
                guard streams.enter(app) else { return }
                defer { streams.leave(app) }
                try await follow(app, call, writer)
            })
    }

    private func follow(_ app: AppID, _ call: RequestContext, _ writer: HTTPBodyWriter) async throws {
        let end = MonotonicClock.now() + Self.life.microseconds
        var told = call.request.headers["last-event-id"].map { String($0.prefix(64)) }
        var known: [UInt8] = []
        var beatAt: Int64 = 0
        try await writer.write(Array("retry: 1000\n\n".utf8))
        while !writer.isDraining, MonotonicClock.now() < end {
            guard try await isWelcome(call) else { return }
            let print = try await streams.fingerprint(
                of: app, messages.campaigns, account: call.account, at: call.context.environment.now(),
                call.context.database)
            if print != known || MonotonicClock.now() >= beatAt {
                guard try await call.app() == app, let answer = try await messages.answer(app, call) else { return }
                (known, beatAt) = (print, MonotonicClock.now() + Self.heartbeat.microseconds)
                let body = answer.json.serialized
                let tag = Hex.lowercase(Array(SHA256.hash(body).prefix(12)))
                try await writer.write(tag == told ? Array(":\n\n".utf8) : Self.event(body, tag))
                told = tag
            }
            try await call.context.loop.sleep(for: Self.poll)
        }
    }

    /// JSON has no line ends of its own, so that it is one line of data.
    private static func event(_ body: [UInt8], _ tag: String) -> [UInt8] {
        Array("event: messages\nid: \(tag)\ndata: ".utf8) + body + Array("\n\n".utf8)
    }

    /// A write key that was revoked ends what it began.
    private func isWelcome(_ call: RequestContext) async throws -> Bool {
        guard call.caller?.kind == .writeKey else { return true }
        do throws(APIError) {
            _ = try await call.context.authenticator.authenticate(call.request)
            return true
        } catch {
            guard error.status == 403 else { throw error }
            return false
        }
    }
}
