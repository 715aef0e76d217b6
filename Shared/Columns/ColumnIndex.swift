package import Core
import Segments

/// The endpoints of one app in memory, column by column: counts a segment in a millisecond per million endpoints.
///
/// It answers what `SegmentEvaluator` and the compiled SQL answer, or nothing (nil): then it does not hold what the
/// question needs, and SQL must be asked. A value type without I/O; whoever owns it feeds it from the tables.
///
/// Rows stand in the order of their keys in blocks of up to 4096. Every distinct value of a column is in a dictionary once,
/// rows hold its number in one byte or two. A test reads the dictionary, then compares numbers. Not held, and so declined:
/// a column with more than 65,535 different values (numbers excepted), a source with more than 1000 names, what an event
/// says besides its type and time, and the events of a user's other endpoints.
package struct ColumnIndex: Sendable {
    /// What happened to endpoints earlier than this is not held; a question that reaches further back gets no answer.
    package private(set) var eventsFrom: Instant
    /// Ascending, none empty.
    private(set) var blocks: [ColumnBlock] = []
    private(set) var catalog = ColumnCatalog()
    private(set) var twinGroups = TwinGroups()
    private(set) var eventTypes = EventTypes()
    /// By source: keys of rows whose JSON has a shape that no client can write.
    private(set) var oddKeys = [Set<Int64>](repeating: [], count: ColumnSource.allCases.count)
    /// An event was before 1970 or after 2106: orders of events cannot be told.
    private(set) var hasClampedEvents = false
    private var reader = RowReader()
    private(set) var rowCount = 0

    package init(eventsFrom: Instant) {
        self.eventsFrom = eventsFrom
    }

    // MARK: Rows

    /// Puts rows in, in place of those with the same keys; their events stay. Of several with one key the last counts.
    /// Fastest, and densest, in ascending order of keys.
    package mutating func upsert(_ rows: [ColumnRow]) {
        let isAscending = zip(rows, rows.dropFirst()).allSatisfy { $0.key < $1.key }
        var block = 0
        if isAscending {
            for row in rows { upsert(row, near: &block) }
        } else {
            let order = rows.indices.sorted { (rows[$0].key, $0) < (rows[$1].key, $1) }
            for place in order { upsert(rows[place], near: &block) }
        }
        dropEmptyColumns()
    }

    private mutating func upsert(_ row: ColumnRow, near block: inout Int) {
        reader.read(row, into: &catalog)
        if !catalog.changed.isEmpty { convertChangedColumns() }
        if block >= blocks.count || !isPlace(of: row.key, block) { block = self.block(of: row.key) }
        if blocks.isEmpty { blocks.append(ColumnBlock()) }
        var (place, isFound) = blocks[block].place(of: row.key)
        if !isFound {
            if blocks[block].count == ColumnBlock.maximumRows { (block, place) = split(block, for: place) }
            blocks[block].insert(key: row.key, at: place)
            rowCount += 1
        }
        write(row, block, place)
    }

    private mutating func write(_ row: ColumnRow, _ block: Int, _ place: Int) {
        if blocks[block].flags[place].contains(.twin), let group = blocks[block].twins.group(of: place) {
            twinGroups.leave(group)
        }
        for column in reader.cells.indices {
            let cell = reader.cells[column]
            if catalog.columns[column].form == .raw {
                blocks[block].set(number: Double(bitPattern: cell), column: column, at: place)
                continue
            }
            let code = Int(truncatingIfNeeded: cell)
            let old = blocks[block].set(code: code, column: column, at: place)
            guard old != code else { continue }
            catalog.retain(code, column: column)
            catalog.release(old, column: column)
        }
        var flags: RowFlags = row.isReachable ? [.reachable] : []
        let channel = Int(truncatingIfNeeded: reader.cells[ColumnCatalog.channelType])
        let group = row.twin.map { twinGroups.join(channel: channel, hash: $0) }
        if group != nil { flags.insert(.twin) }
        blocks[block].set(twin: group, at: place)
        blocks[block].set(
            effective: EventMoment(row.effectiveAt).seconds,
            cohort: UInt8(clamping: row.cohort),
            flags: flags,
            at: place
        )
        for source in oddKeys.indices {
            if reader.isOdd[source] {
                oddKeys[source].insert(row.key)
            } else if !oddKeys[source].isEmpty {
                oddKeys[source].remove(row.key)
            }
        }
    }

    /// Takes endpoints out, with their events. Keys that are not held are no error.
    package mutating func remove(_ keys: [Int64]) {
        var gone: [Int: Set<Int>] = [:]
        for key in keys {
            guard let (block, row) = find(key) else { continue }
            gone[block, default: []].insert(row)
            for source in oddKeys.indices where !oddKeys[source].isEmpty { oddKeys[source].remove(key) }
        }
        // From behind, so that the numbers of blocks before stay right.
        for (block, rows) in gone.sorted(by: { $0.key > $1.key }) {
            for row in rows { releaseAll(block, row) }
            rowCount -= rows.count
            let kept = (0..<blocks[block].count).filter { !rows.contains($0) }.map(UInt16.init)
            if kept.isEmpty {
                blocks.remove(at: block)
            } else {
                blocks[block] = blocks[block].selecting(kept)
                joinIfSmall(block)
            }
        }
        dropEmptyColumns()
    }

    private mutating func releaseAll(_ block: Int, _ row: Int) {
        for column in blocks[block].columns.indices {
            catalog.release(blocks[block].code(column: column, at: row), column: column)
        }
        if let group = blocks[block].twins.group(of: row) { twinGroups.leave(group) }
    }

    // MARK: Blocks

    /// Where `key` is, if it is held.
    func find(_ key: Int64) -> (block: Int, row: Int)? {
        guard !blocks.isEmpty else { return nil }
        let block = block(of: key)
        let (row, isFound) = blocks[block].place(of: key)
        return isFound ? (block, row) : nil
    }

    /// The last block that begins at or before `key`, or the first.
    private func block(of key: Int64) -> Int {
        var low = 0
        var high = blocks.count
        while low < high {
            let middle = (low + high) / 2
            if let first = blocks[middle].keys.first, first <= key { low = middle + 1 } else { high = middle }
        }
        return max(0, low - 1)
    }

    private func isPlace(of key: Int64, _ block: Int) -> Bool {
        guard let first = blocks[block].keys.first, first <= key else { return false }
        guard block + 1 < blocks.count, let next = blocks[block + 1].keys.first else { return true }
        return key < next
    }

    /// Makes room in a full block; returns where the row goes. Behind the last row of all stays a full block, so that
    /// loading in order fills every block.
    private mutating func split(_ block: Int, for place: Int) -> (block: Int, place: Int) {
        if block == blocks.count - 1, place == blocks[block].count {
            blocks[block].shrinkToFit()
            blocks.append(ColumnBlock())
            return (block + 1, 0)
        }
        let (lower, upper) = blocks[block].halves()
        blocks[block] = lower
        blocks.insert(upper, at: block + 1)
        return place <= lower.count ? (block, place) : (block + 1, place - lower.count)
    }

    private mutating func joinIfSmall(_ block: Int) {
        guard blocks[block].count < ColumnBlock.minimumRows, blocks.count > 1 else { return }
        let lower = block + 1 < blocks.count ? block : block - 1
        guard blocks[lower].count + blocks[lower + 1].count <= ColumnBlock.maximumRows * 3 / 4 else { return }
        let upper = blocks.remove(at: lower + 1)
        blocks[lower].append(upper)
    }

    private mutating func convertChangedColumns() {
        for column in catalog.changed {
            let dictionary = catalog.columns[column].dictionary
            let isRaw = catalog.columns[column].form == .raw
            for block in blocks.indices {
                if isRaw {
                    blocks[block].convertColumn(column) { dictionary.number(of: $0) }
                } else {
                    blocks[block].dropColumn(column)
                }
            }
        }
        catalog.finishChanges()
    }

    /// An attribute that was removed from every endpoint takes no room.
    private mutating func dropEmptyColumns() {
        for column in catalog.columns.indices where catalog.columns[column].isEmptied {
            for block in blocks.indices { blocks[block].dropColumn(column) }
            catalog.resetDictionary(of: column)
        }
    }

    // MARK: Events

    /// Makes `events` all that these endpoints did in `from..<to`; what they did before and after stays. Events of other
    /// endpoints, of endpoints that are not held, and outside the range are left out. Fastest when neighbouring keys, and
    /// many of them, come in one call.
    package mutating func replaceEvents(of keys: [Int64], from: Instant, to: Instant, with events: [ColumnEvent]) {
        var touched: [Int: [Bool]] = [:]
        for key in keys {
            guard let (block, row) = find(key) else { continue }
            touched[block, default: [Bool](repeating: false, count: blocks[block].count)][row] = true
        }
        var additions: [Int: [PlacedEvent]] = [:]
        for event in events where from <= event.at && event.at < to {
            guard let (block, row) = find(event.key), touched[block]?[row] == true else { continue }
            if !event.at.isHeldExactly { hasClampedEvents = true }
            let type = eventTypes.code(for: event.type)
            additions[block, default: []].append(PlacedEvent(type: type, moment: EventMoment(event.at), row: row))
        }
        let end = to.isHeldExactly ? EventMoment(to) : to.seconds < 0 ? EventMoment.earliest : EventMoment.end
        for (block, rows) in touched {
            let placed = (additions[block] ?? []).sorted { ($0.type, $0.moment) < ($1.type, $1.moment) }
            blocks[block].replaceEvents(from: EventMoment(from), to: end, of: rows, with: placed)
        }
    }

    /// Drops events before `instant` and declines questions that would need them.
    package mutating func forgetEvents(before instant: Instant) {
        guard instant > eventsFrom else { return }
        eventsFrom = instant
        for block in blocks.indices { blocks[block].forgetEvents(before: EventMoment(instant)) }
    }

    // MARK: Size

    /// For after a load: gives back room for growth, and numbers values in their order, so that a range of numbers or
    /// dates is a range of codes. What comes later is numbered as it comes.
    package mutating func shrinkToFit() {
        for column in catalog.columns.indices where catalog.columns[column].form == .coded { sortCodes(of: column) }
        catalog.shrinkToFit()
        for block in blocks.indices { blocks[block].shrinkToFit() }
    }

    /// Not where frequent values, which came first, keep the codes of some blocks in one byte; nor channel types, whose
    /// codes the twin groups know.
    private mutating func sortCodes(of column: Int) {
        guard column != ColumnCatalog.channelType else { return }
        let isSmall = catalog.columns[column].dictionary.codeCount <= 256
        guard isSmall || blocks.allSatisfy({ $0.isWideOrAbsent(column) }) else { return }
        let codes = catalog.sortCodes(of: column)
        for block in blocks.indices { blocks[block].recode(column, codes) }
    }

    /// Endpoints held, and the bytes of what is held for them: columns with their dictionaries, and apart from them the
    /// events.
    package var footprint: (rows: Int, columnBytes: Int, behaviorBytes: Int) {
        var columnBytes = catalog.footprint + twinGroups.footprint
        var behaviorBytes = eventTypes.footprint
        for block in blocks {
            columnBytes += block.columnFootprint
            behaviorBytes += block.events.footprint
        }
        return (rowCount, columnBytes, behaviorBytes)
    }
}
