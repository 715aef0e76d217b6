import Core
import EventLoop
import Glibc

/// One way of doing the same work.
struct Contender: Sendable {
    let name: String
    /// Whose time the benchmark's own process is while this one runs.
    let own: CPUShare
    /// Not measured.
    let prepare: @Sendable () async throws -> Void
    /// Answers how many units it did.
    let run: @Sendable () async throws -> Work
}

struct Work: Sendable {
    var units: Int
    /// Where the work says itself how long it took (a peer's start is not its work); else all of `run`.
    var seconds: Double?

    init(_ units: Int, seconds: Double? = nil) {
        self.units = units
        self.seconds = seconds
    }
}

/// What one round of one contender came to.
struct Sample: Sendable {
    let units: Double
    let seconds: Double
    /// Of all of `run`.
    let elapsed: Double
    let cpu: CPUTimes

    var rate: Double { units / seconds }
    /// What a machine with nothing else to do would be bound by; moves little when neighbours are busy.
    var perCPUSecond: Double { cpu.total > 0 ? units / cpu.total : 0 }

    func cores(_ seconds: Double) -> Double { seconds / max(elapsed, 0.001) }
}

/// Contenders in turn, three rounds, medians, with the processor time split: the reporting form of every figure.
struct Contest: Sendable {
    static let rounds = 3
    /// A round in which others took more than this says little; it is marked.
    static let quietCores = 0.3

    let title: String
    let unit: String
    let contenders: [Contender]
    let roots: [pid_t: CPUShare]
    let loop: EventLoop

    func run() async throws -> [[Sample]] {
        var samples: [[Sample]] = contenders.map { _ in [] }
        for _ in 0..<Self.rounds {
            for (place, contender) in contenders.enumerated() {
                try await contender.prepare()
                let before = CPUTimes.now(roots, own: contender.own)
                let start = MonotonicClock.now()
                let work = try await contender.run()
                let seconds = Double(MonotonicClock.now() - start) / 1_000_000
                // A process that has just ended is counted once its parent has waited for it.
                try await loop.sleep(for: .milliseconds(100))
                let elapsed = Double(MonotonicClock.now() - start) / 1_000_000
                let cpu = CPUTimes.now(roots, own: contender.own) - before
                samples[place].append(
                    Sample(units: Double(work.units), seconds: work.seconds ?? seconds, elapsed: elapsed, cpu: cpu)
                )
            }
        }
        show(samples)
        return samples
    }

    private func show(_ samples: [[Sample]]) {
        Report.line("## \(title)")
        Report.line()
        Report.line("| | \(unit)/s (rounds) | \(unit)/CPU s | cores: ours | Postgres | nginx | client | others |")
        Report.line("| --- | --- | --- | --- | --- | --- | --- | --- |")
        for (contender, rounds) in zip(contenders, samples) {
            let rates = rounds.map { Report.number($0.rate) }.joined(separator: ", ")
            guard let middle = Self.middle(rounds) else { continue }
            let shares = CPUShare.allCases.map { Report.fixed(middle.cores(middle.cpu[$0]), 2) }
            let others = middle.cores(middle.cpu.others)
            let mark = others > Self.quietCores ? " (busy)" : ""
            Report.line(
                "| \(contender.name) | **\(Report.number(middle.rate))** (\(rates)) | "
                    + "\(Report.number(Report.median(rounds.map(\.perCPUSecond)))) | \(shares.joined(separator: " | ")) | "
                    + "\(Report.fixed(others, 2))\(mark) |"
            )
        }
        Report.line()
    }

    /// The round with the median rate.
    static func middle(_ rounds: [Sample]) -> Sample? {
        rounds.isEmpty ? nil : rounds.sorted { $0.rate < $1.rate }[rounds.count / 2]
    }

    /// `ours / yardstick`, by time and by processor time, and whether the aim is met.
    /// Without an aim the ratio is for information.
    static func judge(_ name: String, _ ours: [Sample], over yardstick: [Sample], aim: Double?) {
        let ratio = Report.median(ours.map(\.rate)) / max(Report.median(yardstick.map(\.rate)), .leastNormalMagnitude)
        let cost =
            Report.median(ours.map(\.perCPUSecond))
            / max(Report.median(yardstick.map(\.perCPUSecond)), .leastNormalMagnitude)
        let verdict = aim.map { aim in
            let outcome = ratio >= aim ? "met" : "missed by \(Report.fixed((1 - ratio / aim) * 100, 0)) %"
            return " (aim ≥ \(Report.fixed(aim, 2)), \(outcome))"
        }
        Report.line(
            "**\(name): \(Report.fixed(ratio, 2))**\(verdict ?? ""); per CPU second \(Report.fixed(cost, 2))")
        Report.line()
    }
}
