/// Several requests at a time, as a loader does it.
enum InFlight {
    /// Results come in the order of completion. The first failure ends it.
    static func map<Item: Sendable, Value: Sendable>(
        _ items: [Item],
        width: Int,
        progress: ProgressLine? = nil,
        _ body: @escaping @Sendable (Item) async throws -> Value
    ) async throws -> [Value] {
        var progress = progress
        var results: [Value] = []
        results.reserveCapacity(items.count)
        try await withThrowingTaskGroup(of: Value.self) { group in
            var rest = items.makeIterator()
            for _ in 0..<width {
                guard let item = rest.next() else { break }
                group.addTask { try await body(item) }
            }
            while let value = try await group.next() {
                results.append(value)
                progress?.show(results.count, of: items.count)
                if let item = rest.next() { group.addTask { try await body(item) } }
            }
        }
        return results
    }
}
