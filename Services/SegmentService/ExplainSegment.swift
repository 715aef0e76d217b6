import Core
import HTTPServer
import Hosting
import Model
import PinpointAPI
import Postgres
import Segments

/// `GET …/segments/{id}/explain?endpoint=&at=&version=` and `POST …/segments/explain?endpoint=&at=` (extensions): why one
/// endpoint is, or is not, a member of a stored segment, or of a definition that is not stored.
enum ExplainSegment {
    static func stored(_ call: RequestContext) async throws -> HTTPResponse {
        let app = try await call.app()
        let id = try call.id("segment-id", of: Noun.Segment.self)
        let version = try QueryParameters(call.request).integer("version", in: 1...Int(Int32.max))
        return try await explain(call, app) { session in
            try await SegmentResolver.outline(app, id: id, version: version, in: session)
        }
    }

    static func unsaved(_ call: RequestContext) async throws -> HTTPResponse {
        let app = try await call.app()
        let definition = try SegmentDefinition(try call.body(WriteSegmentRequest.self))
        return try await explain(call, app) { session in
            try await SegmentResolver.outline(app, definition, in: session)
        }
    }

    private static func explain(
        _ call: RequestContext,
        _ app: AppID,
        of outline: (Session) async throws -> SegmentOutline?
    ) async throws -> HTTPResponse {
        let query = try QueryParameters(call.request)
        guard let endpoint = query.string("endpoint").map(EndpointID.init) else {
            throw APIError.badRequest("endpoint is required: the id of an endpoint")
        }
        let now = call.context.environment.now()
        let at = try query.instant("at")
        if let at, at > now { throw APIError.badRequest("at must not be in the future") }
        let moment = at ?? now
        let explanation = try await call.context.database.withSession { session -> SegmentExplanation? in
            guard let outline = try await outline(session) else { return nil }
            let subject = try await SegmentSubjectLoader.load(
                app,
                endpoint,
                for: outline.expression,
                now: moment,
                upTo: at,
                in: session
            )
            return subject.map { SegmentExplanation(outline, $0, now: moment) }
        }
        guard let explanation else { throw APIError.resourceNotFound }
        var answer: JSONObject = ["Endpoint": .string(endpoint.rawValue), "At": .string(moment.description)]
        if at != nil { answer["Note"] = .string(note) }
        answer["Matches"] = .bool(explanation.matches)
        answer["Tree"] = explanation.tree
        return .json(JSON.object(answer).serialized)
    }

    private static let note = """
        Events are those up to At, in windows that end there. Attributes, metrics, demographics, location, user, cohort and \
        imports are as they are now: their history is not kept. An endpoint updated since counts as active when it was made.
        """
}
