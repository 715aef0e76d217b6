import Columns
import Core
import Postgres

extension ColumnRow {
    /// A row of `ColumnFeed.rows`; of `ColumnFeed.page` when `twins` are given, the keys of endpoints that share their
    /// address.
    init(_ row: Row, twins: Set<Int64>? = nil) throws(SQLFault) {
        let key: Int64 = try row.get(0)
        let hash: [UInt8]? = try row.get(5)
        let standsAlone: Bool = try row.get(11)
        let isTwin = twins.map { $0.contains(key) || standsAlone } ?? true
        self.init(
            key: key,
            cohort: try row.get(1),
            channelType: try row.get(2),
            effectiveAt: try row.get(3),
            isReachable: try row.get(4),
            // 64 bits of 256: two addresses of one app and channel that share them would need 2^32 shared addresses.
            twin: isTwin ? hash.map { $0.prefix(8).reduce(0) { $0 << 8 | Int64($1) } } : nil,
            attributes: try row.get(6),
            userAttributes: try row.get(7),
            metrics: try row.get(8),
            demographic: try row.get(9),
            location: try row.get(10),
            importedInto: try row.get(12)
        )
    }
}

extension ColumnEvent {
    /// Rows of `ColumnFeed.events`.
    static func list(_ rows: [Row]) throws(SQLFault) -> [ColumnEvent] {
        var events: [ColumnEvent] = []
        for row in rows {
            let type: String = try row.get(0)
            let (keys, instants): ([Int64], [Instant]) = (try row.get(1), try row.get(2))
            events.reserveCapacity(events.count + keys.count)
            for (key, at) in zip(keys, instants) { events.append(ColumnEvent(key: key, type: type, at: at)) }
        }
        return events
    }
}
