import Core
import Glibc
import Runtime
import Testing

@Suite struct FailpointTests {
    @Test func `plans are read`() {
        #expect(Failpoint.Plan("after_fired:abort@3")?.triggers == ["after_fired": .pass(3)])
        #expect(Failpoint.Plan("a:abort@1,b:abort@p0.25")?.triggers == ["a": .pass(1), "b": .probability(0.25)])
    }

    @Test(arguments: [
        "", "a", "a:abort", "a:abort@", "a:abort@0", "a:abort@-1", "a:abort@p0", "a:abort@p1.5", ":abort@1",
        "a:sleep@1", "a:abort@1,a:abort@2",
    ])
    func `what is no plan is refused`(text: String) {
        #expect(Failpoint.Plan(text) == nil)
    }

    @Test func `a process dies of SIGKILL at the pass that was named, and not before`() async throws {
        let result = try await #require(
            processExitsWith: .failure, observing: [\.standardOutputContent]
        ) {
            setenv("NEEDLETAIL_FAILPOINT", "here:abort@3", 1)
            for _ in 0..<5 {
                Failpoint.hit("elsewhere")
                Failpoint.hit("here")
                _ = write(STDOUT_FILENO, "x", 1)
            }
        }
        #expect(result.exitStatus == .signal(SIGKILL))
        #expect(result.standardOutputContent.filter { $0 == UInt8(ascii: "x") }.count == 2)
    }

    @Test func `without the variable nothing happens`() async {
        await #expect(processExitsWith: .success) {
            unsetenv("NEEDLETAIL_FAILPOINT")
            for _ in 0..<1000 { Failpoint.hit("here") }
        }
    }
}
