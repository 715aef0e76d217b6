import Core
import Runtime

/// The series of the column indexes, looked up once.
struct IndexMetrics: Sendable {
    enum Source: String {
        case index = "INDEX"
        case sql = "SQL"
    }

    private let rows: Gauge
    private let columnBytes: Gauge
    private let behaviorBytes: Gauge
    private let behind: Gauge
    private let fromIndex: Counter
    private let fromSQL: Counter
    let loads: Counter
    let keysRenewed: Counter
    let checks: Counter
    let mismatches: Counter

    init(_ metrics: Metrics) {
        rows = metrics.gauge(.indexRows)
        columnBytes = metrics.gauge(.indexBytes, "columns")
        behaviorBytes = metrics.gauge(.indexBytes, "behavior")
        behind = metrics.gauge(.indexBehind)
        fromIndex = metrics.counter(.indexAnswers, "index")
        fromSQL = metrics.counter(.indexAnswers, "sql")
        loads = metrics.counter(.indexLoads)
        keysRenewed = metrics.counter(.indexKeysRenewed)
        checks = metrics.counter(.indexChecks)
        mismatches = metrics.counter(.indexMismatches)
    }

    func note(footprints: [OwnedIndex.Footprint], behindMilliseconds: Int) {
        rows.set(footprints.reduce(0) { $0 + $1.rows })
        columnBytes.set(footprints.reduce(0) { $0 + $1.columnBytes })
        behaviorBytes.set(footprints.reduce(0) { $0 + $1.behaviorBytes })
        behind.set(behindMilliseconds)
    }

    func noteAnswer(_ source: Source) {
        switch source {
        case .index: fromIndex.increment()
        case .sql: fromSQL.increment()
        }
    }
}
