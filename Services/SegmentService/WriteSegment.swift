import Core
import HTTPServer
import Hosting
import Model
import PinpointAPI
import Postgres
import Segments

/// CreateSegment, UpdateSegment, DeleteSegment. Each commits before it answers; a refused write stores nothing.
enum WriteSegment {
    static func create(_ call: RequestContext) async throws -> HTTPResponse {
        let app = try await call.app()
        let request: WriteSegmentRequest = try call.body()
        let definition = try SegmentDefinition(request)
        let environment = call.context.environment
        let id = environment.newID(of: Noun.Segment.self)
        let segment = try await call.context.database.transaction { session in
            try await SegmentStore.create(
                app,
                id: id,
                request,
                definition,
                account: call.account,
                now: environment.now(),
                in: session
            )
        }
        return call.answer(segment.response(region: call.region, account: call.account), status: 201)
    }

    static func update(_ call: RequestContext) async throws -> HTTPResponse {
        let app = try await call.app()
        let id = try call.id("segment-id", of: Noun.Segment.self)
        let request: WriteSegmentRequest = try call.body()
        let definition = try SegmentDefinition(request)
        let now = call.context.environment.now()
        let segment = try await call.context.database.transaction { session in
            try await SegmentStore.update(
                app,
                id: id,
                request,
                definition,
                account: call.account,
                now: now,
                in: session
            )
        }
        guard let segment else { throw APIError.resourceNotFound }
        return call.answer(segment.response(region: call.region, account: call.account))
    }

    static func delete(_ call: RequestContext) async throws -> HTTPResponse {
        let app = try await call.app()
        let id = try call.id("segment-id", of: Noun.Segment.self)
        let now = call.context.environment.now()
        let segment = try await call.context.database.transaction { session in
            try await SegmentStore.delete(app, id: id, account: call.account, now: now, in: session)
        }
        guard let segment else { throw APIError.resourceNotFound }
        return call.answer(segment.response(region: call.region, account: call.account))
    }
}
