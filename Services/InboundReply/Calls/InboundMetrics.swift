import Core
import EventLoop
import Model
import Runtime

/// What came in and what became of it. `kind` is one of `ProviderKinds`, so that the series are few.
struct InboundMetrics: Sendable {
    enum Outcome: String {
        case received, refused, unreadable, unavailable, overload
    }

    private let metrics: Metrics
    private let lag: Histogram

    init(_ metrics: Metrics) {
        self.metrics = metrics
        lag = metrics.histogram(.inboundSeconds)
    }

    func count(_ outcome: Outcome, kind: String) {
        metrics.counter(.inboundCalls, kind, outcome.rawValue).increment()
    }

    func count(_ report: InboundApplier.Report, unreadable: Int, receivedAt: [Instant], now: Instant) {
        for (outcome, n) in [
            ("applied", report.applied), ("repeated", report.repeated), ("orphaned", report.orphaned),
            ("foreign", report.foreign), ("deferred", report.deferred.count), ("unreadable", unreadable),
        ] where n > 0 {
            metrics.counter(.inboundEvents, outcome).increment(by: n)
        }
        for instant in receivedAt { lag.observe(Double((now - instant).microseconds) / 1_000_000) }
    }
}
