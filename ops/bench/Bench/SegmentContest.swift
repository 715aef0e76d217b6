import Core
import EventLoop
import Glibc
import Postgres
import Runtime
import Segments

/// S1–S3: segments of a million endpoints with twenty attributes and five million events, against DuckDB on two threads over
/// the same data in typed columns. Every engine must give the same answer.
///
/// Postgres holds the product's own tables, and the statements are those that the product compiles.
enum SegmentContest {
    private static let sql = "SQL"
    private static let minimum = 7
    private static let roundSeconds = 0.5
    /// How much slower than DuckDB the SQL may be, and how much faster the index must be.
    private static let sqlAim = 1 / 1.5
    private static let indexAim = 10.0

    static func run(_ context: BenchContext) async throws {
        let suite = try Suite(context)
        let socket = try suite.socket(of: "segment-service")
        let empty = try suite.process("segment-service").memory.proportional
        let audience = try await SegmentAudience(context, suite)
        try await SegmentCosts.attributeIndex(audience)
        let columns = try await SegmentColumns(audience)
        var lines: [String] = []
        for question in SegmentQuestion.allCases {
            let isServed = try await audience.awaitIndex(question, socket)
            let engines = counters(question, audience, columns, isServed ? socket : nil)
            lines.append(try await contest(question, "count", engines, context, suite))
        }
        for question in [SegmentQuestion.attributes, .lapsed] {
            lines.append(try await contest(question, "ids", listers(question, audience, columns), context, suite))
        }
        Report.line("## Segments: milliseconds an answer, median round (processor milliseconds of all who take part)")
        Report.line()
        for line in lines { Report.line(line) }
        Report.line()
        try SegmentCosts.memory(suite, empty: empty)
        try SegmentCosts.compileTimes(audience)
        try await SegmentCosts.freshness(audience, socket)
        await audience.database.close()
    }

    /// Someone who can answer, and how to ask once or several times.
    struct Engine: Sendable {
        let name: String
        let own: CPUShare
        /// The answer, and the seconds of `times` answers where the engine measures itself.
        let answer: @Sendable (_ times: Int) async throws -> (count: Int, seconds: Double?)
    }

    private static func counters(
        _ question: SegmentQuestion, _ audience: SegmentAudience, _ columns: SegmentColumns, _ socket: String?
    ) -> [Engine] {
        let segment = question.segment
        let api = socket.map { socket in
            repeated("estimate through the API", .client) {
                try await audience.estimate(question, socket)["Count"]?.int ?? -1
            }
        }
        return [
            duckDB(question, "count", audience),
            repeated(sql, .ours) { try await audience.count(question) },
            repeated("column index", .ours) { try columns.estimate(segment, now: audience.now) },
        ] + (api.map { [$0] } ?? [])
    }

    private static func listers(
        _ question: SegmentQuestion, _ audience: SegmentAudience, _ columns: SegmentColumns
    ) -> [Engine] {
        let segment = question.segment
        return [
            duckDB(question, "ids", audience),
            repeated(sql, .ours) { try await audience.keys(question).count },
            repeated("column index", .ours) { try columns.keys(segment, now: audience.now) },
        ]
    }

    private static func duckDB(_ question: SegmentQuestion, _ what: String, _ audience: SegmentAudience) -> Engine {
        Engine(name: "DuckDB, 2 threads", own: .client) { times in
            let reply = try await audience.peerAnswers("\(question.rawValue) \(what)", times: times)
            return (reply.answer, reply.seconds)
        }
    }

    private static func repeated(
        _ name: String, _ own: CPUShare, _ ask: @escaping @Sendable () async throws -> Int
    ) -> Engine {
        Engine(name: name, own: own) { times in
            var count = 0
            for _ in 0..<times { count = try await ask() }
            return (count, nil)
        }
    }

    // MARK: One question

    /// A row of the summary.
    private static func contest(
        _ question: SegmentQuestion, _ what: String, _ engines: [Engine], _ context: BenchContext, _ suite: Suite
    ) async throws -> String {
        var contenders: [Contender] = []
        var expected: Int?
        for engine in engines {
            let (count, times) = try await warmUp(engine)
            guard count == expected ?? count else {
                throw Fault(
                    .integrity, "\(question.rawValue): \(engine.name) answers \(count), DuckDB \(expected ?? -1)")
            }
            expected = count
            contenders.append(
                Contender(name: engine.name, own: engine.own, prepare: {}) {
                    let reply = try await engine.answer(times)
                    guard reply.count == count else { throw Fault(.integrity, "\(engine.name) changed its answer") }
                    return Work(times, seconds: reply.seconds)
                })
        }
        let title = "\(question.rawValue) \(what)"
        let samples = try await Contest(
            title: "\(title): \(expected ?? 0) members", unit: "answers", contenders: contenders, roots: suite.roots,
            loop: context.loop
        ).run()
        var cells = ["**\(title)** (\(expected ?? 0))"]
        for (engine, rounds) in zip(engines, samples) {
            let time = 1000 / Report.median(rounds.map(\.rate))
            let processor = 1000 / max(Report.median(rounds.map(\.perCPUSecond)), .leastNormalMagnitude)
            cells.append("\(engine.name) \(Report.fixed(time, 2)) (\(Report.fixed(processor, 2)))")
        }
        for (engine, rounds) in zip(engines, samples).dropFirst() {
            let aim = engine.name == sql ? sqlAim : indexAim
            Contest.judge("\(title): \(engine.name) / DuckDB, answers a second", rounds, over: samples[0], aim: aim)
        }
        return "- " + cells.joined(separator: "; ")
    }

    /// What it answers, and how many answers make a round.
    private static func warmUp(_ engine: Engine) async throws -> (count: Int, times: Int) {
        // The first answer may have to read from disk or fill a cache.
        _ = try await engine.answer(2)
        let start = MonotonicClock.now()
        let (count, _) = try await engine.answer(3)
        let seconds = max(Double(MonotonicClock.now() - start) / 3_000_000, 0.000_001)
        return (count, min(2000, max(minimum, Int(roundSeconds / seconds))))
    }
}
