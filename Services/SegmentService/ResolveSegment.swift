import Core
import HTTPServer
import Hosting
import Model
import PinpointAPI
import Postgres
import Segments

/// `GET /internal/apps/{app}/segments/{segment}/resolved?version=`: the definition with its sources inlined, for a run
/// to freeze. 400 when sources are gone or grew beyond the limits since the segment was written.
enum ResolveSegment {
    static func run(_ call: RequestContext) async throws -> HTTPResponse {
        let app = try await call.app()
        let id = try call.id("segment-id", of: Noun.Segment.self)
        let version = try QueryParameters(call.request).integer("version", in: 1...Int(Int32.max))
        let segment = try await call.context.database.withSession { session in
            try await SegmentResolver.resolve(app, id: id, version: version, in: session)
        }
        guard let segment else { throw APIError.resourceNotFound }
        return .json(segment.json.serialized)
    }
}
