import Columns
import Core
import Glibc
import Segments

/// The column index by itself: seconds to load, bytes an endpoint, milliseconds a question, on one core and without a
/// database. What segment-service adds to that is measured by the segment contest.
enum ColumnFigures {
    private static let batch = 10_000
    private static let repetitions = 25

    static func run(_ context: BenchContext) async throws {
        let audience = ColumnAudience(
            endpoints: BenchContext.scaled(1_000_000, step: 1000), events: BenchContext.scaled(5_000_000, step: 1000))
        Report.line("## Column index, \(audience.endpoints) endpoints with 20 attributes, \(audience.events) events")
        Report.line()
        var index = ColumnIndex(eventsFrom: ColumnAudience.now - .seconds(367 * 86_400))
        try load(audience, into: &index)
        Report.line()
        Report.line("| question | members | ms, median of \(repetitions) | best |")
        Report.line("| --- | ---: | ---: | ---: |")
        try time("S1 estimate", { $0.estimate(ColumnAudience.attributes, now: ColumnAudience.now)?.count }, index)
        try time("S1 keys", { $0.keys(ColumnAudience.attributes, now: ColumnAudience.now)?.count }, index)
        try time("S2 estimate", { $0.estimate(ColumnAudience.lapsed, now: ColumnAudience.now)?.count }, index)
        try time("S2 keys", { $0.keys(ColumnAudience.lapsed, now: ColumnAudience.now)?.count }, index)
        try time("S3 estimate", { $0.estimate(ColumnAudience.keen, now: ColumnAudience.now)?.count }, index)
        try time("S3 keys", { $0.keys(ColumnAudience.keen, now: ColumnAudience.now)?.count }, index)
        try time("everyone, estimate", { $0.estimate(.everyone, now: ColumnAudience.now)?.count }, index)
        Report.line()
    }

    /// Rows are made outside the clock.
    private static func load(_ audience: ColumnAudience, into index: inout ColumnIndex) throws {
        let empty = proportionalBytes()
        var seconds = 0.0
        for start in stride(from: 0, to: audience.endpoints, by: batch) {
            let rows = audience.rows(start..<min(start + batch, audience.endpoints))
            let begin = threadSeconds()
            index.upsert(rows)
            seconds += threadSeconds() - begin
        }
        index.shrinkToFit()
        let columns = proportionalBytes()
        Report.line("- rows: \(Report.number(Double(audience.endpoints) / seconds)) a second")
        seconds = 0
        let keys = (0..<audience.endpoints).map(audience.key)
        let week = audience.events / 16
        for start in stride(from: 0, to: audience.events, by: week) {
            let events = audience.events(start..<min(start + week, audience.events))
            guard let first = events.first, let last = events.last else { continue }
            let begin = threadSeconds()
            index.replaceEvents(of: keys, from: first.at, to: last.at + .microseconds(1), with: events)
            seconds += threadSeconds() - begin
        }
        index.shrinkToFit()
        Report.line("- events: \(Report.number(Double(audience.events) / seconds)) a second")
        let footprint = index.footprint
        let count = Double(audience.endpoints)
        Report.line(
            "- bytes an endpoint: \(Report.fixed(Double(columns - empty) / count, 1)) by PSS, "
                + "\(Report.fixed(Double(footprint.columnBytes) / count, 1)) counted (aim ≤ 64); "
                + "behaviour \(Report.fixed(Double(footprint.behaviorBytes) / count, 1)) counted"
        )
    }

    private static func time(
        _ name: String, _ ask: (ColumnIndex) -> Int?, _ index: ColumnIndex
    ) throws {
        var members = 0
        var samples: [Double] = []
        for _ in 0..<repetitions {
            let begin = threadSeconds()
            guard let count = ask(index) else { throw Fault(.unavailable, "\(name) was declined") }
            samples.append((threadSeconds() - begin) * 1000)
            members = count
        }
        let median = Report.fixed(Report.median(samples), 2)
        Report.line("| \(name) | \(members) | \(median) | \(Report.fixed(samples.min() ?? 0, 2)) |")
    }

    private static func threadSeconds() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1_000_000_000
    }

    /// Of this process.
    private static func proportionalBytes() -> Int {
        for line in Report.text("/proc/self/smaps_rollup").split(separator: "\n") {
            let words = line.split(separator: " ")
            if words.first == "Pss:", words.count > 1 { return (Int(words[1]) ?? 0) * 1024 }
        }
        return 0
    }
}
