import EventLoop

/// E1: e-mails a second from the request that creates a campaign to the last durable outcome: segment, plan, fan-out, gate,
/// rendering per person, SMTP, ledger; against smtp-source, which sends one ready text of the same size to the same sink over as
/// many sessions.
enum EmailContest {
    private static let recipients = BenchContext.scaled(20_000, step: 100)
    /// Of `SMTPPool`.
    private static let sessions = 20

    static func run(_ context: BenchContext) async throws {
        let suite = try Suite(context)
        let sink = try BenchContext.require("BENCH_SINK_PORT")
        let project = try await EmailProject.make(suite, recipients: recipients)
        // Compiles nothing that a round would otherwise pay for: opens the sessions, and shows the size of a message.
        let run = try await project.campaign(recipients: recipients)
        let composed = try await project.compose(run)
        Report.line(
            "(a message has \(composed.bytes) bytes; rendering and composing alone: "
                + "\(Report.number(composed.perSecond)) a second on one core)"
        )
        Report.line()
        let ours = Contender(name: "campaign on the suite", own: .client, prepare: {}) {
            _ = try await project.campaign(recipients: recipients)
            return Work(recipients)
        }
        let source = Contender(name: "smtp-source, \(sessions) sessions", own: .client, prepare: {}) {
            _ = try await context.loop.offload {
                try Subprocess.output([
                    "/usr/sbin/smtp-source", "-d", "-s", String(sessions), "-m", String(recipients), "-l",
                    String(composed.bytes), "-f", "news@example.com", "-t", "person@example.com", "127.0.0.1:\(sink)",
                ])
            }
            return Work(recipients)
        }
        let contest = Contest(
            title: "E1 e-mail, \(recipients) recipients, \(composed.bytes) bytes each, into smtp-sink", unit: "e-mails",
            contenders: [ours, source], roots: suite.roots, loop: context.loop
        )
        let samples = try await contest.run()
        Contest.judge("E1 campaign / smtp-source", samples[0], over: samples[1], aim: 0.8)
    }
}
