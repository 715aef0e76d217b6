import Core
import EventLoop
import Runtime

/// One command of `needletail`.
struct Command: Sendable {
    /// Gets the arguments after the command's name, returns the exit status.
    typealias Body = @Sendable (_ arguments: [String], _ configuration: Configuration) throws -> Int32
    /// The same for a command that talks to the database or over HTTP: it runs on the loop.
    typealias LoopBody =
        @Sendable (_ arguments: [String], _ configuration: Configuration, _ loop: EventLoop) async throws -> Int32

    let name: String
    let summary: String
    /// Started by other commands only; left out of the usage text.
    let isInternal: Bool
    let run: Body

    init(_ name: String, _ summary: String, isInternal: Bool = false, run: @escaping Body) {
        self.name = name
        self.summary = summary
        self.isInternal = isInternal
        self.run = run
    }

    init(_ name: String, _ summary: String, onLoop body: @escaping LoopBody) {
        self.init(name, summary) { arguments, configuration in
            try LoopRun.value { loop in try await body(arguments, configuration, loop) }
        }
    }

    static let all: [Command] = [
        UpCommand.command,
        DownCommand.command,
        MigrateCommand.command,
        DemoCommand.command,
        DoctorCommand.command,
        ProveCommand.command,
        KeysCommand.command,
        UsersCommand.command,
        PrivacyCommand.command,
        ConfigCommand.command,
        Supervisor.command,
    ]

    static var usage: String {
        var lines = ["usage: needletail <command>", ""]
        for command in all where !command.isInternal {
            let padding = String(repeating: " ", count: max(1, 10 - command.name.count))
            lines.append("  \(command.name)\(padding)\(command.summary)")
        }
        return lines.joined(separator: "\n")
    }
}

/// Runs async work from a synchronous place: on a loop of its own, on the calling thread, until the work is done.
enum LoopRun {
    static func value<Value: Sendable>(
        _ body: @escaping @Sendable (EventLoop) async throws -> Value
    ) throws -> Value {
        let loop = try EventLoop(name: "command")
        let outcome = Lock<Result<Value, any Error>?>(nil)
        Task(executorPreference: loop) {
            do {
                let value = try await body(loop)
                outcome.withLock { $0 = .success(value) }
            } catch {
                outcome.withLock { $0 = .failure(error) }
            }
            loop.stop()
        }
        loop.run()
        guard let result = outcome.withLock({ $0 }) else {
            throw Fault(.internalError, "the command's loop ended early")
        }
        return try result.get()
    }
}
