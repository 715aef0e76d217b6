import Core
import EventLoop
import Synchronization

/// The metrics of one process, shown as Prometheus text at `/metrics`.
///
/// Names and label keys are declared in `Telemetry.swift` only. Look a series up once and keep it: counting is then one
/// atomic addition.
package final class Metrics: Sendable {
    /// Of one name; further label values are counted together under `other`, so that a bug cannot eat the memory.
    package static let seriesLimit = 2000

    private struct Family {
        var series: [[String]: Series] = [:]
    }

    private enum Series {
        case counter(Counter)
        case gauge(Gauge)
        case histogram(Histogram)
    }

    private let families = Lock<[String: (MetricName, Family)]>([:])

    package init() {}

    /// `labels` in the order of the name's label keys.
    package func counter(_ name: MetricName, _ labels: String...) -> Counter {
        guard case .counter(let counter) = series(name, labels) else {
            preconditionFailure("\(name.name) is no counter")
        }
        return counter
    }

    package func gauge(_ name: MetricName, _ labels: String...) -> Gauge {
        guard case .gauge(let gauge) = series(name, labels) else { preconditionFailure("\(name.name) is no gauge") }
        return gauge
    }

    package func histogram(_ name: MetricName, _ labels: String...) -> Histogram {
        guard case .histogram(let histogram) = series(name, labels) else {
            preconditionFailure("\(name.name) is no histogram")
        }
        return histogram
    }

    private func series(_ name: MetricName, _ labels: [String]) -> Series {
        precondition(labels.count == name.labels.count, "\(name.name) has labels \(name.labels)")
        return families.withLock { families in
            var (_, family) = families[name.name] ?? (name, Family())
            var labels = labels
            if let found = family.series[labels] { return found }
            if family.series.count >= Self.seriesLimit {
                labels = labels.map { _ in "other" }
                if let found = family.series[labels] { return found }
            }
            let made: Series
            switch name.kind {
            case .counter: made = .counter(Counter())
            case .gauge: made = .gauge(Gauge())
            case .histogram(let bounds): made = .histogram(Histogram(bounds: bounds))
            }
            family.series[labels] = made
            families[name.name] = (name, family)
            return made
        }
    }

    /// Prometheus text format 0.0.4, sorted.
    package func exposition() -> [UInt8] {
        let families = families.withLock { $0 }
        var text = ""
        for (name, family) in families.values.sorted(by: { $0.0.name < $1.0.name }) {
            text += "# HELP \(name.name) \(name.help)\n# TYPE \(name.name) \(name.kind.typeName)\n"
            for (labels, series) in family.series.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
                let pairs = zip(name.labels, labels).map { "\($0)=\"\(Self.escape($1))\"" }
                switch series {
                case .counter(let counter): text += Self.line(name.name, pairs, "\(counter.value)")
                case .gauge(let gauge): text += Self.line(name.name, pairs, "\(gauge.value)")
                case .histogram(let histogram): text += histogram.lines(name.name, pairs)
                }
            }
        }
        return Array(text.utf8)
    }

    static func line(_ name: String, _ pairs: [String], _ value: String) -> String {
        pairs.isEmpty ? "\(name) \(value)\n" : "\(name){\(pairs.joined(separator: ","))} \(value)\n"
    }

    private static func escape(_ value: String) -> String {
        var escaped = ""
        for character in value {
            switch character {
            case "\\": escaped += "\\\\"
            case "\"": escaped += "\\\""
            case "\n": escaped += "\\n"
            default: escaped.append(character)
            }
        }
        return escaped
    }
}

/// Only goes up.
package final class Counter: Sendable {
    private let count = Atomic<Int>(0)

    package func increment(by amount: Int = 1) {
        count.add(amount, ordering: .relaxed)
    }

    package var value: Int { count.load(ordering: .relaxed) }
}

/// Goes up and down.
package final class Gauge: Sendable {
    private let level = Atomic<Int>(0)

    package func set(_ value: Int) {
        level.store(value, ordering: .relaxed)
    }

    package func add(_ amount: Int) {
        level.add(amount, ordering: .relaxed)
    }

    package var value: Int { level.load(ordering: .relaxed) }
}

/// Counts by upper bound. Times are observed in seconds.
package final class Histogram: Sendable {
    private let bounds: [Double]
    private let counts: [Counter]
    /// In millionths.
    private let sum = Counter()

    init(bounds: [Double]) {
        self.bounds = bounds
        counts = (0...bounds.count).map { _ in Counter() }
    }

    package func observe(_ value: Double) {
        counts[bounds.firstIndex { value <= $0 } ?? bounds.count].increment()
        sum.increment(by: Int(max(0, min(value, 1e9)) * 1_000_000))
    }

    package func observe(_ duration: Duration) {
        observe(Double(duration.microseconds) / 1_000_000)
    }

    func lines(_ name: String, _ pairs: [String]) -> String {
        var text = ""
        var total = 0
        for (bound, count) in zip(bounds.map { "\($0)" } + ["+Inf"], counts) {
            total += count.value
            text += Metrics.line("\(name)_bucket", pairs + ["le=\"\(bound)\""], "\(total)")
        }
        text += Metrics.line("\(name)_sum", pairs, "\(Double(sum.value) / 1_000_000)")
        return text + Metrics.line("\(name)_count", pairs, "\(total)")
    }
}
