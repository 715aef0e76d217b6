import TestKit
import Testing

/// The small form of `make chaos`: the same program, ten kills a run instead of a hundred.
@Suite(.scenario) struct WorkersAreKilledTests {
    @Test func `kill -9 of delivery-email and campaign-scheduler loses and repeats nothing`() async throws {
        let chaos = try ChildProcess(
            "\(BuildPaths.repository)/ops/chaos/run.sh",
            ["--binaries", BuildPaths.products, "--kills", "10", "--recipients", "10000"]
        )
        do {
            let status = try await chaos.waitForExit(within: .seconds(900))
            #expect(status == 0, "\(chaos.output.joined(separator: "\n"))")
        } catch {
            // It takes its suite down.
            chaos.terminate()
            try await chaos.waitForExit(within: .seconds(60))
            throw error
        }
    }
}
