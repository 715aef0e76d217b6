import Core
import HTTPServer
import Hosting
import Model
import PinpointAPI

/// UpdateEndpoint and UpdateEndpointsBatch: 202 once the write is durable.
enum UpdateEndpoint {
    static func one(_ call: RequestContext, _ ingest: Ingest) async throws -> HTTPResponse {
        let app = try await call.app()
        let id = try EndpointWrite.checkedID(try call.parameter("endpoint-id"), at: .root.member("EndpointId"))
        let request: EndpointRequest = try call.body()
        let write = try EndpointWrite(request, app: app, id: id, now: call.context.environment.now())
        return try await store(IngestRequest(app: app, writes: [write]), call, ingest)
    }

    /// All items or none: there is one answer for the whole batch, and it names the first item that is refused.
    static func batch(_ call: RequestContext, _ ingest: Ingest) async throws -> HTTPResponse {
        let app = try await call.app()
        let batch: EndpointBatchRequest = try call.body()
        let now = call.context.environment.now()
        var request = IngestRequest(app: app)
        request.isAtomic = true
        for (index, item) in (batch.item ?? []).enumerated() {
            request.writes.append(try EndpointWrite(item, app: app, now: now, at: .root.member("Item").element(index)))
        }
        let outcome = try await ingest.store(request)
        for (index, refusal) in outcome.writes.enumerated() {
            guard var refusal else { continue }
            refusal.message +=
                "; it concerns Item[\(index)], whose Id is \"\(request.writes[index].id.rawValue.prefix(100))\""
            throw refusal
        }
        return accepted(call)
    }

    private static func store(
        _ request: IngestRequest, _ call: RequestContext, _ ingest: Ingest
    ) async throws -> HTTPResponse {
        if let refusal = try await ingest.store(request).firstRefusal { throw refusal }
        return accepted(call)
    }

    private static func accepted(_ call: RequestContext) -> HTTPResponse {
        call.answer(MessageBody(message: "Accepted", requestID: call.requestID), status: 202)
    }
}
