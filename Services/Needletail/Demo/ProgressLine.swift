import EventLoop

/// Says how far a step is, when it takes longer than a person likes to wait without a word.
struct ProgressLine: Sendable {
    private let what: String
    private var lastSaid = MonotonicClock.now()
    private static let everyMicroseconds: Int64 = 1_500_000

    init(_ what: String) {
        self.what = what
    }

    mutating func show(_ done: Int, of total: Int) {
        let now = MonotonicClock.now()
        guard now - lastSaid >= Self.everyMicroseconds, done < total else { return }
        lastSaid = now
        Console.say("    \(what): \(DemoText.grouped(done)) of \(DemoText.grouped(total))")
    }
}

/// How long a step took, for the line that says what it did.
struct StepClock: Sendable {
    private let start = MonotonicClock.now()

    /// `3.2 s`
    var text: String {
        let tenths = (MonotonicClock.now() - start + 50_000) / 100_000
        return "\(tenths / 10).\(tenths % 10) s"
    }
}
