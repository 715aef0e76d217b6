import Core
import EventLoop
import Glibc
import Runtime

/// `bench [name …]`: measures the product against physical limits and peers, in one run, in turn (ops/bench/run.sh starts the
/// suite and the SMTP sink around it). Without names, everything.
///
/// Only ratios of one run mean anything: absolute figures move threefold with a neighbour's load.
@main enum Bench {
    struct Part: Sendable {
        let name: String
        let summary: String
        let run: @Sendable (BenchContext) async throws -> Void
    }

    static let parts: [Part] = [
        Part(name: "idle", summary: "memory of every process, CPU of the idle suite", run: IdleSuite.measure),
        Part(name: "json", summary: "J1, JSON against simdjson", run: JSONContest.run),
        Part(name: "columns", summary: "the column index alone: load, bytes, S1 to S3", run: ColumnFigures.run),
        Part(name: "queue", summary: "Q1, claim to outcome against raw SQL and pgqueuer", run: QueueContest.run),
        Part(name: "fanout", summary: "Q3, a million recipients against one INSERT … SELECT", run: FanOutContest.run),
        Part(name: "ingest", summary: "I1, PutEvents against binary COPY", run: IngestContest.run),
        Part(name: "webhooks", summary: "I3, providers' webhooks against single-row INSERT", run: WebhookContest.run),
        Part(name: "email", summary: "E1, a campaign against smtp-source", run: EmailContest.run),
        Part(name: "render", summary: "templates against appending the same bytes", run: RenderContest.run),
        Part(name: "pickup", summary: "Q4, from an enqueued job to an idle worker's handler", run: PickUpLatency.run),
        Part(name: "event", summary: "from an event to the provider's acceptance", run: EventLatency.run),
        Part(name: "pipeline", summary: "A2, ingest while a campaign of a million runs", run: WholePipeline.run),
        Part(name: "segments", summary: "S1–S3, segments of a million against DuckDB", run: SegmentContest.run),
        Part(name: "memory", summary: "memory of every process, after all that", run: IdleSuite.afterLoad),
    ]

    static func main() {
        let names = Array(CommandLine.arguments.dropFirst())
        let chosen = names.isEmpty ? parts : parts.filter { names.contains($0.name) }
        guard names.allSatisfy({ name in parts.contains { $0.name == name } }) else {
            for part in parts { Report.line("  \(Report.padded(part.name, 8)) \(part.summary)") }
            exit(64)
        }
        do {
            let loop = try EventLoop(name: "bench")
            let outcome = Lock<Result<Void, any Error>?>(nil)
            Task(executorPreference: loop) {
                do {
                    let context = try BenchContext(loop: loop)
                    Report.machine()
                    for part in chosen { try await part.run(context) }
                    outcome.withLock { $0 = .success(()) }
                } catch {
                    outcome.withLock { $0 = .failure(error) }
                }
                loop.stop()
            }
            loop.run()
            try outcome.withLock { $0 }?.get()
        } catch {
            Report.line("bench: \((error as? Fault)?.description ?? String(reflecting: error))")
            exit(1)
        }
    }
}

/// What every part needs to know of the machine and the suite.
struct BenchContext: Sendable {
    let loop: EventLoop
    let configuration: Configuration
    let environment: Environment
    let metrics = Metrics()

    init(loop: EventLoop) throws {
        self.loop = loop
        configuration = try Configuration.ofProcess()
        environment = SystemEnvironment.make(configuration: configuration, process: "bench")
    }

    var databaseURL: String { get throws { try configuration.require(Settings.databaseURL) } }

    /// `BENCH_SCALE=0.01` makes everything smaller, to try a change; figures count at 1 only.
    static let scale = variable("BENCH_SCALE").flatMap { Double($0) } ?? 1

    /// A whole number of `step`s, at least one.
    static func scaled(_ count: Int, step: Int) -> Int {
        max(1, Int((Double(count) * scale / Double(step)).rounded())) * step
    }

    /// A variable of ops/bench/run.sh.
    static func variable(_ name: String) -> String? {
        getenv(name).map { String(cString: $0) }
    }

    static func require(_ name: String) throws(Fault) -> String {
        guard let value = variable(name) else {
            throw Fault(.configuration, "\(name) is not set; start the benchmarks with make bench")
        }
        return value
    }
}
