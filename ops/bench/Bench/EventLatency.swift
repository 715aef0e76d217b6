import Core
import EventLoop

/// From an event to the provider's acceptance: PutEvents of one event that triggers a campaign, through the gateway, until the
/// outcome that says accepted. At low load, one event every 100–300 ms.
enum EventLatency {
    private static let samples = BenchContext.scaled(200, step: 1)

    static func run(_ context: BenchContext) async throws {
        let suite = try Suite(context)
        let project = try await EmailProject.make(suite, recipients: 1000)
        try await project.startTriggered(by: "bench.triggered")
        let connection = SharedConnection(try RawConnection(suite.databaseURL))
        let prefix = Hex.lowercase(suite.environment.random(4))
        var (latencies, answers): ([Double], [Double]) = ([], [])
        // The first few find caches cold, and the trigger perhaps not yet known to ingest-api.
        let warmUp = 10
        for number in 0..<samples + warmUp {
            try await context.loop.sleep(for: .milliseconds(100 + Int64(suite.environment.randomWord() % 200)))
            let person = "person-\(number % 1000)"
            let sent = suite.environment.now()
            _ = try await suite.call(
                "POST", "/v1/apps/\(project.app)/events",
                [
                    "BatchItem": .object([
                        person: [
                            "Endpoint": [:],
                            "Events": .object([
                                "\(prefix)-\(number)": [
                                    "EventType": "bench.triggered", "Timestamp": .string(sent.description),
                                ]
                            ]),
                        ]
                    ])
                ])
            answers.append(Double((suite.environment.now() - sent).microseconds) / 1000)
            let question = """
                SELECT coalesce(min((extract(epoch FROM o.at) * 1000000)::bigint), 0) FROM send_outcomes o
                  JOIN endpoints e ON e.app = o.app AND e.endpoint_key = o.endpoint_key
                 WHERE o.app = '\(project.app)' AND e.external_id = '\(person)' AND o.outcome = 1
                   AND o.at > '\(sent)'
                """
            var accepted = Int64(0)
            try await suite.poll(every: .milliseconds(5), seconds: 30, "a triggered message") {
                accepted = Int64(try connection.value(question)) ?? 0
                return accepted > 0
            }
            if number >= warmUp { latencies.append(Double(accepted - sent.microseconds) / 1000) }
        }
        Report.line("## From an event to the provider's acceptance")
        Report.line()
        Report.latency("PutEvents answered", Array(answers.dropFirst(warmUp)))
        Report.latency("accepted by the SMTP server, as its outcome says", latencies)
        let p99 = Report.percentile(latencies, 0.99)
        Report.line(
            "**event to accepted: p99 \(Report.fixed(p99, 0)) ms (aim < 1,000, \(p99 < 1000 ? "met" : "missed"))**")
        Report.line()
    }
}
