import Core
import EventLoop
import Glibc
import Model
import PinpointAPI
import Postgres
import Runtime
import Segments

/// What answering segments costs beside time: memory, compiling, and the age of what is counted.
enum SegmentCosts {
    private static let bytesPerEndpointAim = 64.0
    private static let freshnessAim = 1000.0
    private static let freshnessTries = 9

    /// Stores S1, so that what its attributes need is made as it would be for anybody: by segment-service, by itself.
    static func attributeIndex(_ audience: SegmentAudience) async throws {
        let start = MonotonicClock.now()
        var request = SegmentQuestion.attributes.request.object ?? [:]
        request["Name"] = "in Japan, in their thirties, with cats"
        _ = try await audience.suite.call("POST", "/v1/apps/\(audience.app.description)/segments", .object(request))
        try await audience.suite.poll(every: .milliseconds(500), seconds: 300, "the index of a stored segment") {
            // Its statistics come last.
            try await audience.database.query(
                "SELECT EXISTS (SELECT FROM pg_stats WHERE starts_with(tablename::text, \(AttributeIndex.namePrefix)))")[
                    0
                ]
                .get(0)
        }
        let seconds = Double(MonotonicClock.now() - start) / 1_000_000
        Report.line("(S1 is stored; the index that it needs was there after \(Report.fixed(seconds, 0)) s)")
        Report.line()
    }

    /// `empty`: kilobytes of segment-service before the audience was there.
    static func memory(_ suite: Suite, empty: Int) throws {
        let loaded = try suite.process("segment-service").memory.proportional
        let each = Double(loaded - empty) * 1024 / Double(SegmentAudience.endpoints)
        Report.line(
            "**segment-service: PSS \(megabytes(empty)) MB empty, \(megabytes(loaded)) MB with the audience: "
                + "\(Report.fixed(each, 1)) bytes an endpoint** with behaviour (aim ≤ \(Report.fixed(bytesPerEndpointAim, 0)) without)"
        )
        Report.line()
    }

    private static func megabytes(_ kilobytes: Int) -> String { Report.fixed(Double(kilobytes) / 1024, 1) }

    /// From a request's JSON to SQL, on one core.
    static func compileTimes(_ audience: SegmentAudience) throws {
        var cells: [String] = []
        for question in SegmentQuestion.allCases {
            cells.append("\(question.rawValue) \(try microseconds(question.request, audience)) µs")
        }
        cells.append("100 dimensions \(try microseconds(hundred, audience)) µs")
        Report.line("**From a request's members to SQL:** \(cells.joined(separator: ", "))")
        Report.line()
    }

    private static func microseconds(_ request: JSON, _ audience: SegmentAudience) throws -> String {
        let times = 2000
        var length = 0
        let start = threadMicroseconds()
        for _ in 0..<times {
            let definition = try SegmentDefinition(try WriteSegmentRequest(json: request, at: .root))
            let segment = try ResolvedSegment.resolve(definition, id: nil, version: nil, sources: [:])
            length += SegmentCompiler.predicate(segment, app: audience.app, now: audience.now).text.utf8.count
        }
        let spent = threadMicroseconds() - start
        guard length > 0 else { throw Fault(.integrity, "nothing was compiled") }
        return Report.fixed(spent / Double(times), 1)
    }

    private static var hundred: JSON {
        var attributes: JSONObject = [:]
        for number in 0..<100 {
            attributes["attribute\(number)"] = ["AttributeType": "INCLUSIVE", "Values": ["one"]]
        }
        return ["Dimensions": ["Attributes": .object(attributes)]]
    }

    private static func threadMicroseconds() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Double(time.tv_sec) * 1_000_000 + Double(time.tv_nsec) / 1000
    }

    /// From the answer to a purchase's PutEvents until the estimate no longer counts who bought.
    static func freshness(_ audience: SegmentAudience, _ socket: String) async throws {
        guard try await audience.awaitIndex(.lapsed, socket) else { return }
        let members = try await audience.keys(.lapsed).prefix(freshnessTries)
        var milliseconds: [Double] = []
        for key in members {
            let id: String = try await audience.database.query(
                "SELECT external_id FROM endpoints WHERE app = \(audience.app) AND endpoint_key = \(key)")[0].get(0)
            let before = try await audience.estimate(.lapsed, socket)["Count"]?.int ?? 0
            try await purchase(id, audience)
            let start = MonotonicClock.now()
            try await audience.suite.poll(every: .milliseconds(5), seconds: 30, "a purchase that is counted") {
                try await audience.estimate(.lapsed, socket)["Count"]?.int == before - 1
            }
            milliseconds.append(Double(MonotonicClock.now() - start) / 1000)
        }
        let sorted = milliseconds.sorted()
        Report.line(
            "**Freshness: \(Report.fixed(Report.median(sorted), 0)) ms from the 202 to the count that knows it** "
                + "(\(sorted.count) purchases, worst \(Report.fixed(sorted.last ?? 0, 0)) ms; aim ≤ \(Report.fixed(freshnessAim, 0)))"
        )
        Report.line()
    }

    private static func purchase(_ endpoint: String, _ audience: SegmentAudience) async throws {
        let at = JSON.string(audience.suite.environment.now().description)
        let events: JSON = ["bought": ["EventType": "purchase", "Timestamp": at]]
        let items = JSONObject(uniqueMembers: [
            JSONObject.Member(key: endpoint, value: ["Endpoint": [:], "Events": events])
        ])
        _ = try await audience.suite.call(
            "POST", "/v1/apps/\(audience.app.description)/events", ["BatchItem": .object(items)])
    }
}
