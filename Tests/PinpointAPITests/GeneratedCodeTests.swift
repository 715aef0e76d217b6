import TestKit
import Testing

@Suite struct GeneratedCodeTests {
    @Test func `the wire types are what the generator makes of the pinned service model`() async throws {
        let check = try ChildProcess("python3", ["\(BuildPaths.repository)/ops/codegen/pinpoint.py", "--check"])
        #expect(try await check.waitForExit(within: .seconds(120)) == 0, "\(check.output)")
    }
}
