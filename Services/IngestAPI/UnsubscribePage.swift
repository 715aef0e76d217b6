import Core
import HTTPServer
import Hosting
import Model
import PinpointAPI
import Postgres

/// Where `List-Unsubscribe` points (RFC 8058). GET shows a page and changes nothing, because scanners fetch every link; POST acts
/// at once, by mail program or by the page's button, as often as it comes. The token alone says who; no cookies, no login.
/// People read what a link answers, so that a broken one gets a page too.
enum UnsubscribePage {
    static func show(_ call: RequestContext, _ ingest: Ingest) throws -> HTTPResponse {
        guard link(call, ingest) != nil else { return unknownLink }
        return page(
            "Unsubscribe",
            """
            <p>Press the button to get no more e-mail from this sender.</p>
            <form method="post"><input type="hidden" name="List-Unsubscribe" value="One-Click"><button>Unsubscribe</button></form>
            """)
    }

    /// The body is not read: whoever has the token and posts means it.
    static func act(_ call: RequestContext, _ ingest: Ingest) async throws -> HTTPResponse {
        guard let link = link(call, ingest) else { return unknownLink }
        let wish = Unsubscribe(
            app: link.app, endpointKey: link.endpointKey, run: link.run, campaign: nil,
            at: call.context.environment.now())
        if !(try await call.context.database.withSession { try await wish.isDone(in: $0) }) {
            try await TrackingEvent.record(.unsubscribe, link, call, ingest)
        }
        return page("Unsubscribed", "<p>You will get no more e-mail from this sender.</p>")
    }

    private static func link(_ call: RequestContext, _ ingest: Ingest) -> TrackingLink? {
        guard let link = try? TrackingEvent.link(call, ingest), case .unsubscribe = link.kind else { return nil }
        return link
    }

    private static var unknownLink: HTTPResponse {
        page(
            "This link does not work",
            "<p>It is incomplete or was changed. Please open it again from the e-mail, or reply to the sender.</p>",
            status: 404)
    }

    private static func page(_ title: String, _ content: String, status: Int = 200) -> HTTPResponse {
        let html = """
            <!doctype html>
            <html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>\(title)</title></head>
            <body><h1>\(title)</h1>
            \(content)
            </body></html>

            """
        return HTTPResponse(
            status: status,
            headers: [
                "Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-store, max-age=0",
                "Content-Security-Policy": "default-src 'none'; form-action 'self'", "Referrer-Policy": "no-referrer",
                "X-Robots-Tag": "noindex",
            ],
            body: .bytes(Array(html.utf8)))
    }
}
