/// What the demonstration promises, each said aloud with its figures.
struct DemoChecks: Sendable {
    private(set) var failures = 0

    mutating func expect(_ holds: Bool, _ what: String) {
        if !holds { failures += 1 }
        Console.say("  \(holds ? "ok    " : "FAILED") \(what)")
    }
}
