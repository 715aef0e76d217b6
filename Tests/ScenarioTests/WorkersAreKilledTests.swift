import TestKit
import Testing

/// The small forms of `make chaos`: the same programs, fewer kills.
@Suite(.scenario) struct WorkersAreKilledTests {
    @Test func `kill -9 of delivery-email, campaign-scheduler and Postgres loses and repeats nothing`() async throws {
        try await chaos(["--kills", "10", "--recipients", "10000"], within: .seconds(900))
    }

    @Test func `kill -9 of delivery-custom before a webhook that keeps its promise leaves nothing unknown`()
        async throws
    {
        try await chaos(["keys", "--kills", "10", "--recipients", "5000"], within: .seconds(900))
    }

    @Test func `kill -9 of ingest-api every 200 ms under 8 clients loses and repeats nothing`() async throws {
        try await chaos(["ingest", "--seconds", "15", "--kills", "10"], within: .seconds(300))
    }

    private func chaos(_ arguments: [String], within limit: Duration) async throws {
        let mode = arguments.prefix { !$0.hasPrefix("--") }
        let chaos = try ChildProcess(
            "\(BuildPaths.repository)/ops/chaos/run.sh",
            mode + ["--binaries", BuildPaths.products] + arguments.dropFirst(mode.count)
        )
        do {
            let status = try await chaos.waitForExit(within: limit)
            #expect(status == 0, "\(chaos.output.joined(separator: "\n"))")
        } catch {
            // It takes its suite down.
            chaos.terminate()
            try await chaos.waitForExit(within: .seconds(60))
            throw error
        }
    }
}
