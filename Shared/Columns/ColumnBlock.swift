/// Up to 4096 endpoints with neighbouring keys, column by column. A mask over one block is 4 KB and stays in the
/// processor's first cache while a question is answered.
struct ColumnBlock: Sendable {
    static let maximumRows = 4096
    /// A block smaller than this joins its neighbour when both fit into half a block more than that.
    static let minimumRows = 1024

    /// Ascending.
    private(set) var keys: [Int64] = []
    /// Seconds since 1970, rounded down, clamped to 32 bits.
    private(set) var effective: [UInt32] = []
    private(set) var cohorts: [UInt8] = []
    private(set) var flags: [RowFlags] = []
    /// By column number; may be shorter than the catalog.
    private(set) var columns: [BlockColumn] = []
    private(set) var twins = BlockTwins()
    private(set) var events = BlockEvents()

    var count: Int { keys.count }

    /// The place of `key`, or where it would be inserted.
    func place(of key: Int64) -> (row: Int, isFound: Bool) {
        var low = 0
        var high = keys.count
        while low < high {
            let middle = (low &+ high) >> 1
            if keys[middle] < key { low = middle + 1 } else { high = middle }
        }
        return (low, low < keys.count && keys[low] == key)
    }

    /// The raw values of `flags`.
    func withFlagBytes<Result>(_ body: (UnsafePointer<UInt8>) -> Result) -> Result {
        flags.withUnsafeBytes { raw in
            raw.withMemoryRebound(to: UInt8.self) { bytes in
                guard let base = bytes.baseAddress else { preconditionFailure("a block has rows") }
                return body(base)
            }
        }
    }

    // MARK: Rows

    /// Room for a row; its columns are absent until they are written.
    mutating func insert(key: Int64, at row: Int) {
        let rows = keys.count
        keys.insert(key, inBlockAt: row)
        effective.insert(0, inBlockAt: row)
        cohorts.insert(0, inBlockAt: row)
        flags.insert([], inBlockAt: row)
        for column in columns.indices where !columns[column].isAbsent {
            if columns[column].numbers.isEmpty {
                columns[column].insert(code: 0, at: row, rows: rows)
            } else {
                columns[column].insert(number: .nan, at: row, rows: rows)
            }
        }
        twins.insertRow(at: row)
        events.insertRow(at: row)
    }

    mutating func set(effective seconds: UInt32, cohort: UInt8, flags newFlags: RowFlags, at row: Int) {
        effective[row] = seconds
        cohorts[row] = cohort
        flags[row] = newFlags
    }

    mutating func set(twin group: UInt32?, at row: Int) {
        twins.set(group, at: row)
    }

    /// Returns the code that stood there.
    mutating func set(code: Int, column: Int, at row: Int) -> Int {
        if column >= columns.count {
            guard code != 0 else { return 0 }
            columns += [BlockColumn](repeating: BlockColumn(), count: column + 1 - columns.count)
        }
        let old = columns[column].code(at: row)
        if old != code { columns[column].set(code: code, at: row, rows: keys.count) }
        return old
    }

    mutating func set(number: Double, column: Int, at row: Int) {
        if column >= columns.count {
            guard !number.isNaN else { return }
            columns += [BlockColumn](repeating: BlockColumn(), count: column + 1 - columns.count)
        }
        columns[column].set(number: number, at: row, rows: keys.count)
    }

    func code(column: Int, at row: Int) -> Int { column < columns.count ? columns[column].code(at: row) : 0 }

    // MARK: Whole columns

    mutating func dropColumn(_ column: Int) {
        if column < columns.count { columns[column] = BlockColumn() }
    }

    mutating func convertColumn(_ column: Int, number: (Int) -> Double) {
        if column < columns.count { columns[column].convert(rows: keys.count, number: number) }
    }

    /// Whether the codes have two bytes, or there are none.
    func isWideOrAbsent(_ column: Int) -> Bool { column >= columns.count || columns[column].narrow.isEmpty }

    mutating func recode(_ column: Int, _ codes: [UInt16]) {
        if column < columns.count { columns[column].recode(codes) }
    }

    // MARK: Events

    mutating func replaceEvents(
        from: EventMoment, to: EventMoment, of isTouched: [Bool], with additions: [PlacedEvent]
    ) {
        events.replace(from: from, to: to, of: isTouched, with: additions, rows: keys.count)
    }

    mutating func forgetEvents(before moment: EventMoment) {
        events.forget(before: moment)
    }

    // MARK: Split and join

    /// Keeps the rows whose places `kept` lists, ascending.
    func selecting(_ kept: [UInt16]) -> ColumnBlock {
        var block = ColumnBlock()
        block.keys = keys.selecting(kept)
        block.effective = effective.selecting(kept)
        block.cohorts = cohorts.selecting(kept)
        block.flags = flags.selecting(kept)
        block.columns = columns.map { $0.selecting(kept) }
        block.twins = twins.selecting(kept, of: count)
        block.events = events.selecting(kept, of: count)
        return block
    }

    /// The lower and the upper half.
    func halves() -> (ColumnBlock, ColumnBlock) {
        let middle = count / 2
        return (selecting((0..<middle).map(UInt16.init)), selecting((middle..<count).map(UInt16.init)))
    }

    /// Adds the rows of the block that follows.
    mutating func append(_ other: ColumnBlock) {
        let (rows, otherRows) = (count, other.count)
        keys += other.keys
        effective += other.effective
        cohorts += other.cohorts
        flags += other.flags
        if columns.count < other.columns.count {
            columns += [BlockColumn](repeating: BlockColumn(), count: other.columns.count - columns.count)
        }
        for column in columns.indices {
            let following = column < other.columns.count ? other.columns[column] : BlockColumn()
            columns[column].append(following, rows: rows, otherRows: otherRows)
        }
        twins.append(other.twins, rows: rows)
        events.append(other.events, rows: rows, otherRows: otherRows)
    }

    mutating func shrinkToFit() {
        keys.shrinkToFit()
        effective.shrinkToFit()
        cohorts.shrinkToFit()
        flags.shrinkToFit()
        for column in columns.indices { columns[column].shrinkToFit() }
        twins.shrinkToFit()
        events.shrinkToFit()
    }

    var columnFootprint: Int {
        let fixed = keys.footprint + effective.footprint + cohorts.footprint + flags.footprint + twins.footprint
        let list = MemoryLayout<ColumnBlock>.stride + columns.capacity * MemoryLayout<BlockColumn>.stride + 48
        return columns.reduce(fixed + list) { $0 + $1.footprint }
    }
}

/// What a row is besides its columns.
struct RowFlags: OptionSet, BitwiseCopyable, Sendable {
    let rawValue: UInt8

    /// The gate would let a message through.
    static let reachable = RowFlags(rawValue: 1)
    /// Another endpoint has its address.
    static let twin = RowFlags(rawValue: 2)
}
