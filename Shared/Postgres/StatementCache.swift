/// Statements are prepared per text and parameter types.
struct StatementKey: Hashable, Sendable {
    let text: String
    let types: [UInt32]
}

/// Which statements one connection has prepared; the least recently used leave first.
///
/// A name enters only when the server has confirmed it, because an error earlier in a pipeline skips the PREPARE.
struct StatementCache {
    private struct Entry {
        let name: String
        var lastUse: UInt64
    }

    private var entries: [StatementKey: Entry] = [:]
    private var clock: UInt64 = 0
    private var nextName: UInt64 = 0
    /// Names to DEALLOCATE when the connection is next idle outside a transaction.
    private(set) var evicted: [String] = []
    let limit: Int

    /// 256 plans of a few ten kB each bound a backend's memory; the product has about that many statement shapes.
    init(limit: Int = 256) {
        self.limit = limit
    }

    var count: Int { entries.count }

    mutating func name(for key: StatementKey) -> String? {
        clock += 1
        guard let name = entries[key]?.name else { return nil }
        entries[key]?.lastUse = clock
        return name
    }

    mutating func makeName() -> String {
        nextName += 1
        return "s\(nextName)"
    }

    mutating func insert(_ key: StatementKey, name: String) {
        if let old = entries[key] { evicted.append(old.name) }
        entries[key] = Entry(name: name, lastUse: clock)
        guard entries.count > limit, let oldest = entries.min(by: { $0.value.lastUse < $1.value.lastUse }) else {
            return
        }
        forget(oldest.key)
    }

    /// After the server has refused the plan: tables changed under it.
    mutating func forget(_ key: StatementKey) {
        guard let entry = entries.removeValue(forKey: key) else { return }
        evicted.append(entry.name)
    }

    mutating func takeEvicted() -> [String] {
        defer { evicted = [] }
        return evicted
    }
}
