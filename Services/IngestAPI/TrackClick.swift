import HTTPServer
import Hosting
import Model
import PinpointAPI

/// A tracked link: on to the target that was signed into it. Anything unsigned is a 404, never a redirect.
enum TrackClick {
    static func run(_ call: RequestContext, _ ingest: Ingest) async throws -> HTTPResponse {
        let link = try TrackingEvent.link(call, ingest)
        guard case .click(let target) = link.kind, isWeb(target) else { throw APIError.resourceNotFound }
        if call.request.method == "GET" { try await TrackingEvent.record(.click, link, call, ingest) }
        return HTTPResponse(
            status: 302,
            headers: ["Location": target, "Cache-Control": "no-store, max-age=0", "Referrer-Policy": "no-referrer"])
    }

    private static func isWeb(_ target: String) -> Bool {
        let lowered = target.prefix(8).lowercased()
        return lowered.hasPrefix("https://") || lowered.hasPrefix("http://")
    }
}
