/// Words that are not for us, and where each is right after all.
struct TokenRule: Sendable {
    let token: String
    let reason: String
    /// Paths or beginnings of paths.
    var allowed: [String] = []
    /// Tests have more freedom with some.
    var isForTests = false

    static let all: [TokenRule] = [
        TokenRule(token: "try!", reason: "a failure would end the process", isForTests: true),
        TokenRule(token: "Date()", reason: "time comes from Environment", isForTests: true),
        TokenRule(token: "UUID()", reason: "ids come from Environment", isForTests: true),
        TokenRule(token: ".random(in:", reason: "randomness comes from Environment"),
        TokenRule(token: ".randomElement(", reason: "randomness comes from Environment"),
        TokenRule(token: "SystemRandomNumberGenerator", reason: "randomness comes from Environment"),
        TokenRule(
            token: "print(",
            reason: "people are told by Console.say, machines by the log",
            // An instruction of the template program.
            allowed: ["Shared/Templates/Program/"]
        ),
        TokenRule(
            token: "fatalError(",
            reason: "throw a Fault; only what makes every later step meaningless ends the process",
            allowed: [
                // The machine gives no thread, no pipe, no randomness, no SHA-256: there is nothing to fall back on.
                "Shared/EventLoop/Thread.swift", "Shared/Runtime/SystemEnvironment.swift",
                "Shared/Runtime/ShutdownSignal.swift", "Shared/Crypto/",
            ],
            isForTests: false
        ),
        TokenRule(
            token: "Task {",
            reason: "nobody waits for it or sees its error; use a task group or a job"
        ),
        TokenRule(token: "Task.detached", reason: "nobody waits for it or sees its error; use a task group or a job"),
        TokenRule(
            token: "Task(",
            reason: "nobody waits for it or sees its error; use a task group or a job",
            allowed: Self.taskRoots
        ),
        TokenRule(
            token: "Task.immediate(",
            reason: "nobody waits for it or sees its error; use a task group or a job",
            allowed: Self.taskRoots
        ),
        TokenRule(
            token: "SQL(unsafe:",
            reason: "SQL text is built with bound values",
            allowed: ["Shared/Core/SQL.swift", "Shared/Postgres/", "Shared/Segments/"]
        ),
        TokenRule(token: "Thread.sleep", reason: "it blocks the loop; use loop.sleep", isForTests: true),
        TokenRule(
            token: "usleep(",
            reason: "it blocks the loop; use loop.sleep",
            allowed: ["Services/Needletail/RecordedProcess.swift", "Services/Needletail/UpCommand.swift"]
        ),
        TokenRule(token: "DispatchSemaphore", reason: "it blocks the loop", isForTests: true),
    ]

    /// Where tasks begin: the loop's own machinery, a process's main, one task per connection of a server, and the
    /// worker, whose caller waits for it but whose cancellation must not reach statements that record outcomes.
    static let taskRoots = [
        "Shared/EventLoop/", "Shared/HTTPServer/", "Shared/LMTP/", "Shared/Hosting/", "Shared/Queue/Worker.swift",
        "Services/Needletail/Command.swift",
    ]

    func findings(in file: SourceFile) -> [Finding] {
        guard !file.isGenerated, file.isProduct || isForTests else { return [] }
        guard !allowed.contains(where: { file.path.hasPrefix($0) }) else { return [] }
        return file.findings(of: token, "`\(token)`: \(reason)")
    }
}
