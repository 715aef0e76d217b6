import CSimdjson
import Core
import EventLoop
import Glibc

/// J1: one core's time to read a PutEvents body of 100 events, against simdjson On-Demand.
///
/// Ours checks every byte (structure, escapes, UTF-8, numbers, duplicate keys, limits) whatever is read. On-Demand checks what it
/// reads, so there are three yardsticks; the first does what ours does.
enum JSONContest {
    private static let repetitions = BenchContext.scaled(4000, step: 10)

    static func run(_ context: BenchContext) async throws {
        let at = context.environment.now()
        let body = EventBodies(salt: "json", at: at).body(0)
        let expected = try JSONIndex(body)
        let values = try walk(expected)
        let text = YardstickText(body)
        guard text.readAll() > 0, text.readEvents() > 0 else { throw Fault(.integrity, "simdjson refuses the body") }
        let index = contender("JSONIndex: check and index all", body) { try JSONIndex(body).count(expected.root) }
        let walked = contender("JSONIndex, then read what ingest reads", body) {
            let count = try walk(try JSONIndex(body))
            guard count == values else { throw Fault(.integrity, "the walk went wrong") }
            return count
        }
        let tree = contender("JSON.parse: a tree", body, every: 10) { try JSON.parse(body).object?.count ?? 0 }
        let all = contender("simdjson On-Demand, every value read", body) { text.readAll() }
        let events = contender("simdjson On-Demand, what ingest reads", body) { text.readEvents() }
        let skim = contender("simdjson On-Demand, type and time; the rest unchecked", body) { text.skimEvents() }
        let kernel = simdjson_kernel().map { String(cString: $0) } ?? "?"
        let contest = Contest(
            title: "J1 JSON, \(body.count) bytes, 100 events (simdjson kernel: \(kernel))",
            unit: "MB",
            contenders: [index, walked, tree, all, events, skim],
            roots: [:], loop: context.loop
        )
        let samples = try await contest.run()
        Contest.judge("J1 index / On-Demand every value", samples[0], over: samples[3], aim: 0.5)
        Contest.judge("J1 index and walk / On-Demand what ingest reads", samples[1], over: samples[4], aim: 0.5)
    }

    /// Rates are of this thread's processor time, which neighbours do not take.
    private static func contender(
        _ name: String, _ body: [UInt8], every divisor: Int = 1, _ read: @escaping @Sendable () throws -> Int
    ) -> Contender {
        Contender(name: name, own: .ours, prepare: {}) {
            let start = threadSeconds()
            var sum = 0
            for _ in 0..<repetitions / divisor { sum &+= try read() }
            let seconds = threadSeconds() - start
            guard sum != 0 else { throw Fault(.integrity, "\(name) read nothing") }
            let megabytes = Double(body.count) * Double(repetitions / divisor) / 1_000_000
            return Work(Int(megabytes.rounded()), seconds: seconds)
        }
    }

    private static func threadSeconds() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1_000_000_000
    }

    /// Every event's type, time, and names and values of its attributes and metrics, as ingest looks at them.
    private static func walk(_ index: JSONIndex) throws(Fault) -> Int {
        guard let items = index.member("BatchItem", of: index.root) else { throw Fault(.integrity, "no BatchItem") }
        var count = 0
        index.forEachMember(of: items) { _, item in
            guard let events = index.member("Events", of: item) else { return }
            index.forEachMember(of: events) { _, event in
                index.forEachMember(of: event) { name, value in
                    if index.equals(name, "EventType") || index.equals(name, "Timestamp") {
                        count &+= index.plainRange(value)?.count ?? 0
                    } else if index.equals(name, "Attributes") || index.equals(name, "Metrics") {
                        index.forEachMember(of: value) { name, value in
                            count &+= index.range(name).count &+ index.range(value).count
                        }
                    }
                }
            }
        }
        return count
    }
}

/// simdjson's own copy of the body.
// SAFETY: one contender at a time touches it.
private final class YardstickText: @unchecked Sendable {
    private let text: OpaquePointer?

    init(_ bytes: [UInt8]) {
        text = bytes.withUnsafeBytes { buffer in
            simdjson_text_new(buffer.baseAddress?.assumingMemoryBound(to: CChar.self), buffer.count)
        }
    }

    deinit {
        simdjson_text_free(text)
    }

    func readAll() -> Int { simdjson_read_all(text) }
    func readEvents() -> Int { simdjson_read_events(text) }
    func skimEvents() -> Int { simdjson_skim_events(text) }
}
