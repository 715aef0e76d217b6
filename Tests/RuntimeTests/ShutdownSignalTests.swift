import EventLoop
import Glibc
import Runtime
import Testing

/// Each in a process of its own: signals belong to processes. Sent with `kill`, because the threads of Swift's pool block signals
/// that `raise` would send to them alone.
@Suite struct ShutdownSignalTests {
    @Test(arguments: [SIGTERM, SIGINT])
    func `the first signal is waited for, the process ends in its own time`(number: Int32) async {
        await #expect(processExitsWith: .exitCode(7)) { [number] in
            let loop = try EventLoop(name: "signals")
            let shutdown = ShutdownSignal.install(on: loop)
            loop.start()
            kill(getpid(), number)
            await shutdown.wait()
            await shutdown.wait()
            exit(7)
        }
    }

    @Test func `a signal that comes before the loop runs is not lost`() async {
        await #expect(processExitsWith: .exitCode(7)) {
            let loop = try EventLoop(name: "signals")
            let shutdown = ShutdownSignal.install(on: loop)
            kill(getpid(), SIGTERM)
            loop.start()
            await shutdown.wait()
            exit(7)
        }
    }

    @Test func `a second signal ends the process at once, even with the loop stuck`() async throws {
        let result = try await #require(processExitsWith: .failure) {
            let loop = try EventLoop(name: "signals")
            _ = ShutdownSignal.install(on: loop)
            // Two of one kind would be merged into one.
            kill(getpid(), SIGTERM)
            kill(getpid(), SIGINT)
            while true { pause() }
        }
        #expect(result.exitStatus == .exitCode(128 + SIGINT) || result.exitStatus == .exitCode(128 + SIGTERM))
    }

    @Test func `a peer that hangs up is no death: SIGPIPE is ignored`() async {
        await #expect(processExitsWith: .exitCode(7)) {
            let loop = try EventLoop(name: "signals")
            _ = ShutdownSignal.install(on: loop)
            // The disposition until now, as a number: SIG_IGN is 1.
            let before = unsafeBitCast(signal(SIGPIPE, SIG_DFL), to: Int.self)
            exit(before == 1 ? 7 : 1)
        }
    }
}
