import Core
import EventLoop
import HTTPServer
import Hosting
import Model
import PinpointAPI
import Postgres
import Segments

/// `POST …/segments/estimate` (extension): what a run of a definition would plan and reach now. Stores nothing.
enum EstimateSegment {
    static func run(_ call: RequestContext, _ estimates: Estimates) async throws -> HTTPResponse {
        let start = MonotonicClock.now()
        let app = try await call.app()
        let definition = try SegmentDefinition(try call.body(WriteSegmentRequest.self))
        let now = call.context.environment.now()
        let segment = try await call.context.database.withSession { session in
            try await SegmentResolver.resolve(app, definition, in: session)
        }
        let (estimate, source) = try await estimates.estimate(segment, app: app, now: now)
        let byChannel = estimate.byChannel.sorted { $0.key < $1.key }.map { channel, tally in
            JSONObject.Member(key: channel, value: .object(members(of: tally)))
        }
        var answer = members(of: estimate.total)
        answer["ByChannel"] = .object(JSONObject(uniqueMembers: byChannel))
        answer["Sample"] = .array(estimate.sample)
        answer["Sql"] = .string(estimate.sql)
        answer["Source"] = .string(source.rawValue)
        answer["Milliseconds"] = .double(Double(MonotonicClock.now() - start) / 1000)
        return .json(JSON.object(answer).serialized)
    }

    private static func members(of tally: SegmentEstimate.Tally) -> JSONObject {
        ["Count": .integer(tally.count), "Reachable": .integer(tally.reachable)]
    }
}
