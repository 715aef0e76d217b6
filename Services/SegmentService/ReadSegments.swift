import Core
import HTTPServer
import Hosting
import Model
import PinpointAPI
import Postgres

/// GetSegment, GetSegmentVersion, GetSegments, GetSegmentVersions.
enum ReadSegments {
    static func latest(_ call: RequestContext) async throws -> HTTPResponse {
        try await one(call, version: nil)
    }

    static func version(_ call: RequestContext) async throws -> HTTPResponse {
        try await one(call, version: try call.version())
    }

    private static func one(_ call: RequestContext, version: Int?) async throws -> HTTPResponse {
        let app = try await call.app()
        let id = try call.id("segment-id", of: Noun.Segment.self)
        let segment = try await call.context.database.withSession { session in
            try await SegmentStore.load(app, id: id, version: version, account: call.account, in: session)
        }
        guard let segment else { throw APIError.resourceNotFound }
        return call.answer(segment.response(region: call.region, account: call.account))
    }

    static func list(_ call: RequestContext) async throws -> HTTPResponse {
        let app = try await call.app()
        let page = try PageRequest(QueryParameters(call.request))
        let after = try page.cursor(of: "GetSegments").map { token throws(APIError) in
            guard let id = SegmentID(try token.string("Id")) else {
                throw .badRequest("The token is not valid for this list")
            }
            return (createdAt: try token.instant("CreatedAt"), id: id)
        }
        let segments = try await call.context.database.withSession { session in
            try await SegmentStore.list(app, after: after, limit: page.size + 1, account: call.account, in: session)
        }
        return answer(call, segments, page: page) { last in
            PageToken(
                list: "GetSegments",
                position: ["CreatedAt": .integer(last.createdAt.microseconds), "Id": .string(last.id.description)]
            )
        }
    }

    static func versions(_ call: RequestContext) async throws -> HTTPResponse {
        let app = try await call.app()
        let id = try call.id("segment-id", of: Noun.Segment.self)
        let page = try PageRequest(QueryParameters(call.request))
        let before = try page.cursor(of: "GetSegmentVersions").map { token throws(APIError) in
            Int(try token.integer("Version"))
        }
        let segments = try await call.context.database.withSession { session in
            try await SegmentStore.versions(
                app,
                id: id,
                before: before,
                limit: page.size + 1,
                account: call.account,
                in: session
            )
        }
        // A segment has at least one version, so an empty first page means that it does not exist.
        if segments.isEmpty, before == nil { throw APIError.resourceNotFound }
        return answer(call, segments, page: page) { last in
            PageToken(list: "GetSegmentVersions", position: ["Version": .integer(Int64(last.version))])
        }
    }

    /// `segments` has one more than the page when there is a next one.
    private static func answer(
        _ call: RequestContext,
        _ segments: [StoredSegment],
        page: PageRequest,
        token: (StoredSegment) -> PageToken
    ) -> HTTPResponse {
        let shown = segments.prefix(page.size)
        let next = segments.count > page.size ? shown.last.map { token($0).text } : nil
        let items = shown.map { $0.response(region: call.region, account: call.account) }
        return call.answer(SegmentsResponse(item: items, nextToken: next))
    }
}
