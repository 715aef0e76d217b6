import HTTPServer
import Hosting
import Model
import PinpointAPI

/// The pixel of an open: the smallest transparent GIF, never cached, so that each look is seen.
enum TrackOpen {
    private static let suffix = ".gif"
    private static let pixel: [UInt8] = [
        0x47, 0x49, 0x46, 0x38, 0x39, 0x61, 0x01, 0x00, 0x01, 0x00, 0x80, 0x00, 0x00, 0x00, 0x00, 0x00, 0xFF, 0xFF,
        0xFF, 0x21,
        0xF9, 0x04, 0x01, 0x00, 0x00, 0x00, 0x00, 0x2C, 0x00, 0x00, 0x00, 0x00, 0x01, 0x00, 0x01, 0x00, 0x00, 0x02,
        0x02, 0x44,
        0x01, 0x00, 0x3B,
    ]

    static func run(_ call: RequestContext, _ ingest: Ingest) async throws -> HTTPResponse {
        let link = try TrackingEvent.link(call, ingest, suffix: suffix)
        guard case .open = link.kind else { throw APIError.resourceNotFound }
        // HEAD looks without seeing.
        if call.request.method == "GET" { try await TrackingEvent.record(.open, link, call, ingest) }
        return HTTPResponse(
            status: 200, headers: ["Content-Type": "image/gif", "Cache-Control": "no-store, max-age=0"],
            body: .bytes(pixel))
    }
}
