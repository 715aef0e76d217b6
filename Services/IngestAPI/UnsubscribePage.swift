import Core
import HTTPServer
import Hosting
import Model
import PinpointAPI
import Postgres

/// Where `List-Unsubscribe` points (RFC 8058). GET shows a page and changes nothing, because scanners fetch every link; POST acts
/// at once, by mail program or by the page's button, as often as it comes. The token alone says who; no cookies, no login.
enum UnsubscribePage {
    static func show(_ call: RequestContext, _ ingest: Ingest) throws -> HTTPResponse {
        _ = try link(call, ingest)
        return page(
            "Unsubscribe",
            """
            <p>Press the button to get no more e-mail from this sender.</p>
            <form method="post"><input type="hidden" name="List-Unsubscribe" value="One-Click"><button>Unsubscribe</button></form>
            """)
    }

    /// The body is not read: whoever has the token and posts means it.
    static func act(_ call: RequestContext, _ ingest: Ingest) async throws -> HTTPResponse {
        let link = try link(call, ingest)
        let wish = Unsubscribe(
            app: link.app, endpointKey: link.endpointKey, run: link.run, campaign: nil,
            at: call.context.environment.now())
        if !(try await call.context.database.withSession { try await wish.isDone(in: $0) }) {
            try await TrackingEvent.record(.unsubscribe, link, call, ingest)
        }
        return page("Unsubscribed", "<p>You will get no more e-mail from this sender.</p>")
    }

    private static func link(_ call: RequestContext, _ ingest: Ingest) throws(APIError) -> TrackingLink {
        let link = try TrackingEvent.link(call, ingest)
        guard case .unsubscribe = link.kind else { throw .resourceNotFound }
        return link
    }

    private static func page(_ title: String, _ content: String) -> HTTPResponse {
        let html = """
            <!doctype html>
            <html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>\(title)</title></head>
            <body><h1>\(title)</h1>
            \(content)
            </body></html>

            """
        return HTTPResponse(
            status: 200,
            headers: [
                "Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-store, max-age=0",
                "Content-Security-Policy": "default-src 'none'; form-action 'self'", "Referrer-Policy": "no-referrer",
                "X-Robots-Tag": "noindex",
            ],
            body: .bytes(Array(html.utf8)))
    }
}
