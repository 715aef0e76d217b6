/// What the rows of one block did, by the code of the event's type, and when each did something last.
struct BlockEvents: Sendable {
    /// By type code; may be shorter than there are types. The first holds all types that got no code.
    private(set) var byType: [EventTimes] = []
    /// By row: seconds of its last event of any type, 0 for none. Empty while no row has an event.
    private(set) var last: [UInt32] = []

    var isEmpty: Bool { last.isEmpty }

    /// Makes `additions` all that the rows chosen by `isTouched` did in `from..<to`. They lie there, and ascend by type
    /// and time.
    mutating func replace(
        from: EventMoment,
        to: EventMoment,
        of isTouched: [Bool],
        with additions: [PlacedEvent],
        rows: Int
    ) {
        if last.isEmpty {
            guard !additions.isEmpty else { return }
            last = [UInt32](repeating: 0, count: rows)
        }
        if let highest = additions.last?.type, highest >= byType.count {
            byType += [EventTimes](repeating: EventTimes(), count: highest + 1 - byType.count)
        }
        var isLastGone = false
        var next = 0
        for type in byType.indices {
            let start = next
            while next < additions.count, additions[next].type == type { next += 1 }
            byType[type].replace(from: from, to: to, of: isTouched, with: additions[start..<next]) { row, seconds in
                if last[row] == seconds { isLastGone = true }
            }
        }
        if isLastGone { refreshLast(of: isTouched) }
        for event in additions { last[event.row] = max(last[event.row], event.moment.seconds) }
    }

    private mutating func refreshLast(of isTouched: [Bool]) {
        for row in last.indices where isTouched[row] { last[row] = 0 }
        for times in byType {
            for (seconds, mark) in zip(times.seconds, times.marks) {
                let row = Int(mark >> EventTimes.rowShift)
                if isTouched[row] { last[row] = max(last[row], seconds) }
            }
        }
    }

    mutating func insertRow(at row: Int) {
        guard !last.isEmpty else { return }
        last.insert(0, inBlockAt: row)
        guard row + 1 < last.count else { return }
        for type in byType.indices { byType[type].shiftRows(from: row) }
    }

    /// Keeps the rows whose places `kept` lists, ascending.
    func selecting(_ kept: [UInt16], of rows: Int) -> BlockEvents {
        guard !last.isEmpty else { return self }
        var places = [Int?](repeating: nil, count: rows)
        for (place, row) in kept.enumerated() { places[Int(row)] = place }
        var events = BlockEvents()
        events.last = last.selecting(kept)
        events.byType = byType.map { $0.moved(to: places) }
        return events
    }

    /// Adds the rows of the block that follows.
    mutating func append(_ other: BlockEvents, rows: Int, otherRows: Int) {
        guard !last.isEmpty || !other.last.isEmpty else { return }
        let places = (0..<otherRows).map { Optional($0 + rows) }
        if last.isEmpty { last = [UInt32](repeating: 0, count: rows) }
        last += other.last.isEmpty ? [UInt32](repeating: 0, count: otherRows) : other.last
        for (type, times) in other.byType.enumerated() {
            if type >= byType.count { byType.append(EventTimes()) }
            byType[type] = byType[type].merged(with: times.moved(to: places))
        }
    }

    /// The times of the last events stay: no answered question looks so far back.
    mutating func forget(before moment: EventMoment) {
        for type in byType.indices { byType[type].dropFirst(before: moment) }
    }

    mutating func shrinkToFit() {
        last.shrinkToFit()
        for type in byType.indices { byType[type].shrinkToFit() }
    }

    var footprint: Int {
        guard byType.capacity > 0 else { return last.footprint }
        return byType.reduce(last.footprint + byType.capacity * MemoryLayout<EventTimes>.stride + 32) {
            $0 + $1.footprint
        }
    }
}
