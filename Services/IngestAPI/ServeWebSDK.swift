import Core
import Crypto
import HTTPServer
import Hosting

/// `/sdk/needletail.js`, `/sdk/needletail-inapp.js`: the web SDK (`sdk/`), from inside the program.
struct ServeWebSDK {
    static let core = ServeWebSDK(WebSDK.source)
    static let inApp = ServeWebSDK(WebSDK.inApp)

    private let bytes: [UInt8]
    private let tag: String

    private init(_ source: String) {
        bytes = Array(source.utf8)
        tag = "\"\(Hex.lowercase(Array(SHA256.hash(bytes).prefix(12))))\""
    }

    /// Cached for an hour, and then only asked for again when it has changed.
    func run(_ call: RequestContext) -> HTTPResponse {
        let isCurrent = call.request.headers.values(for: "if-none-match").contains { value in
            value == "*"
                || value.split(separator: ",").contains { tag in
                    let tag = tag.drop { $0 == " " }
                    return (tag.hasPrefix("W/") ? tag.dropFirst(2) : tag) == self.tag
                }
        }
        return HTTPResponse(
            status: isCurrent ? 304 : 200,
            headers: [
                "Content-Type": "text/javascript; charset=utf-8", "Cache-Control": "public, max-age=3600", "ETag": tag,
                "X-Content-Type-Options": "nosniff", "Access-Control-Allow-Origin": "*",
                "Cross-Origin-Resource-Policy": "cross-origin",
            ],
            body: .bytes(isCurrent ? [] : bytes))
    }
}
