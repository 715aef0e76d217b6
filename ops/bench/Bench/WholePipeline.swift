import Core
import EventLoop
import Glibc

/// A2: ingest at half its rate while a campaign to a million runs, each alone and then both together. Ingest has a fixed load and
/// should hold it; the campaign takes what the machine has left, so its rate is also given per processor second of e-mail's own
/// process.
enum WholePipeline {
    private static let recipients = BenchContext.scaled(1_000_000, step: 1000)
    private static let connections = 64
    private static let seconds = BenchContext.scaled(15, step: 5)
    private static let requestsAtFullRate = BenchContext.scaled(1600, step: 1)

    /// Units a second, and what the processes took meanwhile.
    private struct Phase {
        var events = 0.0
        var emails = 0.0
        var milliseconds: [Double] = []
        var deliveryCores = 0.0
    }

    static func run(_ context: BenchContext) async throws {
        let suite = try Suite(context)
        let events = try suite.identifier(try await suite.call("POST", "/v1/apps", ["Name": "bench pipeline events"]))
        let load = IngestLoad(suite: suite, app: events)
        let blast = RequestBlast(server: .unix(try suite.socket(of: "ingest-api")), connections: connections)
        Report.line("(loading \(recipients) endpoints)")
        let project = try await EmailProject.make(suite, recipients: recipients, loading: .statement)
        let full = try await fullRate(blast, load, context)
        let outcomes = SharedConnection(try RawConnection(suite.databaseURL))
        try await load.clear()
        let ingest = try await phase(suite, outcomes) { try await offer(full / 2, blast, load, context) }
        let campaign = try await project.start()
        try await suite.poll(every: .milliseconds(200), seconds: 300, "the fan-out") {
            try outcomes.value(
                "SELECT count(*) FROM runs WHERE campaign = '\(campaign)' AND fanned_out AND planned = \(recipients)")
                == "1"
        }
        let campaignAlone = try await phase(suite, outcomes) {
            try await context.loop.sleep(for: .seconds(Int64(seconds)))
            return (0, [])
        }
        let together = try await phase(suite, outcomes) { try await offer(full / 2, blast, load, context) }
        try await project.delete(campaign)
        show(full, ingest, campaignAlone, together)
    }

    /// Events a second with nothing else to do.
    private static func fullRate(
        _ blast: RequestBlast, _ load: IngestLoad, _ context: BenchContext
    ) async throws -> Double {
        try await load.clear()
        return try await offer(nil, requests: requestsAtFullRate, blast, load, context).events
    }

    private static func offer(
        _ eventsPerSecond: Double?, requests count: Int? = nil, _ blast: RequestBlast, _ load: IngestLoad,
        _ context: BenchContext
    ) async throws -> (events: Double, milliseconds: [Double]) {
        let perSecond = eventsPerSecond.map { $0 / Double(EventBodies.eventsPerBody) }
        let requests = load.requests(count ?? max(1, Int((perSecond ?? 1) * Double(seconds))))
        let start = MonotonicClock.now()
        let milliseconds = try await blast.send(requests, perSecond: perSecond, on: context.loop)
        let elapsed = Double(MonotonicClock.now() - start) / 1_000_000
        return (Double(requests.count * EventBodies.eventsPerBody) / elapsed, milliseconds)
    }

    private static func phase(
        _ suite: Suite, _ outcomes: SharedConnection,
        _ work: () async throws -> (events: Double, milliseconds: [Double])
    ) async throws -> Phase {
        let question = "SELECT count(*) FROM send_outcomes WHERE outcome = 1"
        let delivery = try suite.process("delivery-email").pid
        let (sent, cpu) = (Double(try outcomes.value(question)) ?? 0, ProcessEntry(pid: delivery)?.cpuSeconds ?? 0)
        let start = MonotonicClock.now()
        let done = try await work()
        let elapsed = Double(MonotonicClock.now() - start) / 1_000_000
        return Phase(
            events: done.events, emails: ((Double(try outcomes.value(question)) ?? 0) - sent) / elapsed,
            milliseconds: done.milliseconds,
            deliveryCores: ((ProcessEntry(pid: delivery)?.cpuSeconds ?? 0) - cpu) / elapsed)
    }

    private static func show(_ full: Double, _ ingest: Phase, _ campaign: Phase, _ together: Phase) {
        let kept = (events: together.events / ingest.events, emails: together.emails / campaign.emails)
        let perCore = (campaign.emails / campaign.deliveryCores, together.emails / together.deliveryCores)
        Report.line("## A2 half of ingest's rate during a campaign to \(Report.number(Double(recipients)))")
        Report.line()
        Report.line("| | alone | together | kept |")
        Report.line("| --- | --- | --- | --- |")
        Report.line(
            "| events/s, half of \(Report.number(full)) offered | \(Report.number(ingest.events)) | "
                + "**\(Report.number(together.events))** | \(Report.fixed(kept.events, 2)) |")
        Report.line(
            "| e-mails/s | \(Report.number(campaign.emails)) | **\(Report.number(together.emails))** | "
                + "\(Report.fixed(kept.emails, 2)) |")
        Report.line(
            "| e-mails per CPU second of delivery-email | \(Report.number(perCore.0)) | \(Report.number(perCore.1)) | "
                + "\(Report.fixed(perCore.1 / perCore.0, 2)) |")
        Report.line()
        Report.latency("a request of 100 events alone", ingest.milliseconds)
        Report.latency("a request of 100 events during the campaign", together.milliseconds)
        Report.line(
            "**A2: ingest keeps \(Report.fixed(kept.events, 2)) (aim ≥ 0.80, \(kept.events >= 0.8 ? "met" : "missed")); the "
                + "campaign keeps \(Report.fixed(kept.emails, 2)) of what it does with the machine to itself (aim ≥ 0.50)**"
        )
        Report.line()
    }
}
