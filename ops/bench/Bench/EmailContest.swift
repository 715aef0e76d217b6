import Core
import Crypto
import EventLoop

/// E1: e-mails a second from the request that creates a campaign to the last durable outcome: segment, plan, fan-out, gate,
/// rendering per person, SMTP, ledger; against smtp-source, which sends one ready text of the same size to the same sink over as
/// many sessions.
///
/// E2: the same with a DKIM signature on each, by RSA-2048 and by Ed25519 (RFC 8463). What bounds it is what two cores could do if one
/// e-mail cost what smtp-source needs for it and one signature: 2 / (1/smtp + 1/sign).
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
        try await signed(context, suite, project, sink: sink, source)
    }

    // MARK: E2

    private static let bound = 0.7
    /// Ed25519 against RSA-2048.
    private static let gain = 2.0

    private static func signed(
        _ context: BenchContext, _ suite: Suite, _ project: EmailProject, sink: String, _ source: Contender
    ) async throws {
        let rsa = try await key(context, ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"])
        let ed25519 = try await key(context, ["-algorithm", "ED25519"])
        func contender(_ name: String, _ pem: String) -> Contender {
            Contender(
                name: name, own: .client,
                prepare: {
                    try await project.send(through: [
                        "Name": "sink", "Kind": "smtp",
                        "Settings": [
                            "Url": .string("smtp://127.0.0.1:\(sink)"), "DkimDomain": "example.com",
                            "DkimSelector": "bench", "Connections": .integer(Int64(sessions)),
                        ],
                        "Secrets": ["DkimPrivateKey": .string(pem)],
                    ])
                },
                run: {
                    _ = try await project.campaign(recipients: recipients)
                    return Work(recipients)
                })
        }
        let contest = Contest(
            title: "E2 e-mail signed with DKIM, \(recipients) recipients, into smtp-sink", unit: "e-mails",
            contenders: [contender("campaign, RSA-2048", rsa), contender("campaign, Ed25519", ed25519), source],
            roots: suite.roots, loop: context.loop)
        let samples = try await contest.run()
        try await project.send(through: nil)
        let smtp = Report.median(samples[2].map(\.perCPUSecond))
        for (name, pem, ours) in [("RSA-2048", rsa, samples[0]), ("Ed25519", ed25519, samples[1])] {
            let signatures = try await context.loop.offload { try signaturesPerSecond(DKIMKey(pem: pem)) }
            let limit = 2 / (1 / smtp + 1 / signatures)
            let ratio = Report.median(ours.map(\.rate)) / limit
            let verdict =
                name == "RSA-2048" ? " (aim ≥ \(Report.fixed(bound, 2)), \(ratio >= bound ? "met" : "missed"))" : ""
            Report.line(
                "**E2 \(name) / 2/(1/smtp + 1/sign): \(Report.fixed(ratio, 2))**\(verdict); "
                    + "\(Report.number(signatures)) signatures and \(Report.number(smtp)) e-mails of smtp-source a CPU second"
            )
            Report.line()
        }
        Contest.judge("E2 Ed25519 / RSA-2048", samples[1], over: samples[0], aim: gain)
    }

    private static func key(_ context: BenchContext, _ arguments: [String]) async throws -> String {
        try await context.loop.offload { try Subprocess.output(["/usr/bin/openssl", "genpkey", "-quiet"] + arguments) }
    }

    /// On one core, of a header's size.
    private static func signaturesPerSecond(_ key: DKIMKey) throws -> Double {
        let data = [UInt8](repeating: 0x61, count: 1024)
        let start = MonotonicClock.now()
        var count = 0
        while MonotonicClock.now() - start < 1_000_000 {
            for _ in 0..<50 { _ = try key.sign(data) }
            count += 50
        }
        return Double(count) / (Double(MonotonicClock.now() - start) / 1_000_000)
    }
}
