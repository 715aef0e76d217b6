import Core
import Crypto
import HTTPServer
import Hosting

/// `/sdk/needletail.js`: the web SDK (`sdk/needletail.js`), from inside the program.
enum ServeWebSDK {
    private static let bytes = Array(WebSDK.source.utf8)
    private static let tag = "\"\(Hex.lowercase(Array(SHA256.hash(bytes).prefix(12))))\""

    /// Cached for an hour, and then only asked for again when it has changed.
    static func run(_ call: RequestContext) -> HTTPResponse {
        let isCurrent = call.request.headers.values(for: "if-none-match").contains { value in
            value == "*"
                || value.split(separator: ",").contains { tag in
                    let tag = tag.drop { $0 == " " }
                    return (tag.hasPrefix("W/") ? tag.dropFirst(2) : tag) == Self.tag
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
