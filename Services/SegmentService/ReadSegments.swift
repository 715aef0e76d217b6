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
        let page = try KeysetPage.byCreation(call, list: "GetSegments", of: Noun.Segment.self)
        let after = page.start.map { (createdAt: $0.createdAt, id: $0.id) }
        let segments = try await call.context.database.withSession { session in
            try await SegmentStore.list(app, after: after, limit: page.limit, account: call.account, in: session)
        }
        let (shown, next) = page.cut(segments) { CreationPosition(createdAt: $0.createdAt, id: $0.id) }
        return answer(call, shown, next)
    }

    static func versions(_ call: RequestContext) async throws -> HTTPResponse {
        let app = try await call.app()
        let id = try call.id("segment-id", of: Noun.Segment.self)
        let page = try KeysetPage.byVersion(call, list: "GetSegmentVersions")
        let segments = try await call.context.database.withSession { session in
            try await SegmentStore.versions(
                app,
                id: id,
                before: page.start,
                limit: page.limit,
                account: call.account,
                in: session
            )
        }
        // A segment has at least one version, so an empty first page means that it does not exist.
        if segments.isEmpty, page.start == nil { throw APIError.resourceNotFound }
        let (shown, next) = page.cut(segments, at: \.version)
        return answer(call, shown, next)
    }

    private static func answer(
        _ call: RequestContext,
        _ segments: ArraySlice<StoredSegment>,
        _ next: String?
    ) -> HTTPResponse {
        let items = segments.map { $0.response(region: call.region, account: call.account) }
        return call.answer(SegmentsResponse(item: items, nextToken: next))
    }
}
