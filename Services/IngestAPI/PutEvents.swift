import Access
import Core
import EventLoop
import HTTPServer
import Hosting
import Model
import PinpointAPI

/// PutEvents: 202 once everything that is acceptable is durable, with a result per endpoint and event.
enum PutEvents {
    /// A larger body takes more than a millisecond to read, and leaves the loop.
    private static let bytesReadOnLoop = 512 << 10

    static func run(_ call: RequestContext, _ ingest: Ingest) async throws -> HTTPResponse {
        let app = try await call.app()
        let batch = try await read(call, app, try await ingest.triggers.triggers(of: app).endpoint)
        let outcome =
            batch.isEmpty ? IngestOutcome(writes: []) : try await ingest.store(batch.request)
        return .json(batch.answer(outcome), status: 202)
    }

    private static func read(
        _ call: RequestContext, _ app: AppID, _ triggers: EventTriggers
    ) async throws -> PutEventsBatch {
        let (body, now) = (call.request.body, call.context.environment.now())
        let isPublished = call.caller?.isPublic ?? true
        guard !body.isEmpty else { throw APIError.badRequest("The request body is empty; it must be a JSON object") }
        if body.count <= bytesReadOnLoop {
            return try PutEventsReader.read(body, app: app, now: now, isPublished: isPublished, triggers: triggers)
        }
        return try await call.context.loop.offload {
            try PutEventsReader.read(body, app: app, now: now, isPublished: isPublished, triggers: triggers)
        }
    }
}
