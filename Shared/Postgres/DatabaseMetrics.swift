internal import Core
internal import EventLoop
internal import Runtime

/// The series of one pool, looked up once.
struct DatabaseMetrics: Sendable {
    let succeeded: Counter
    let failed: Counter
    let querySeconds: Histogram
    let connections: Gauge
    let waiting: Gauge
    let waitSeconds: Histogram
    let reconnects: Counter

    init(_ metrics: Metrics) {
        succeeded = metrics.counter(.databaseQueries, "ok")
        failed = metrics.counter(.databaseQueries, "error")
        querySeconds = metrics.histogram(.databaseQuerySeconds)
        connections = metrics.gauge(.databaseConnections)
        waiting = metrics.gauge(.databaseWaiting)
        waitSeconds = metrics.histogram(.databaseWaitSeconds)
        reconnects = metrics.counter(.databaseReconnects)
    }

    /// A pipeline counts once: it is one exchange.
    func note(_ outcome: ExchangeOutcome, since start: Int64) {
        (outcome.failure == nil ? succeeded : failed).increment()
        querySeconds.observe(.microseconds(MonotonicClock.now() - start))
    }
}
