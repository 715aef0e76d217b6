/// When the rows of one block did one kind of thing, in the order of time: eight bytes an event.
///
/// In the order of time, because every question is about a window that reaches to now: it reads the tail alone.
struct EventTimes: Sendable {
    private(set) var seconds: [UInt32] = []
    /// Row in the upper 12 bits, microseconds in the lower 20. (A block has at most 4096 rows.)
    private(set) var marks: [UInt32] = []

    static let rowShift: UInt32 = 20

    var count: Int { seconds.count }

    /// The first at or after `moment`; `count` if there is none.
    func lowerBound(_ moment: EventMoment) -> Int {
        var low = 0
        var high = seconds.count
        while low < high {
            let middle = (low &+ high) >> 1
            if EventMoment(seconds: seconds[middle], mark: marks[middle]) < moment {
                low = middle + 1
            } else {
                high = middle
            }
        }
        return low
    }

    /// In `from..<to`, takes out what the rows chosen by `isTouched` did, and puts `additions` in, which lie there and
    /// ascend. Calls `removed` with row and seconds of each one taken out.
    mutating func replace(
        from: EventMoment,
        to: EventMoment,
        of isTouched: [Bool],
        with additions: ArraySlice<PlacedEvent>,
        removed: (Int, UInt32) -> Void
    ) {
        let first = lowerBound(from)
        let last = lowerBound(to)
        if first == last, first == count {
            for event in additions { append(event) }
            return
        }
        var newSeconds: [UInt32] = []
        var newMarks: [UInt32] = []
        newSeconds.reserveCapacity(last - first + additions.count)
        newMarks.reserveCapacity(last - first + additions.count)
        var next = additions.startIndex
        func add(_ event: PlacedEvent) {
            newSeconds.append(event.moment.seconds)
            newMarks.append(event.mark)
        }
        for place in first..<last {
            let (second, mark) = (seconds[place], marks[place])
            let row = Int(mark >> Self.rowShift)
            if isTouched[row] {
                removed(row, second)
                continue
            }
            let moment = EventMoment(seconds: second, mark: mark)
            while next < additions.endIndex, additions[next].moment < moment {
                add(additions[next])
                next += 1
            }
            newSeconds.append(second)
            newMarks.append(mark)
        }
        for event in additions[next...] { add(event) }
        guard newSeconds.count != last - first || !additions.isEmpty else { return }
        seconds.replaceSubrange(first..<last, with: newSeconds)
        marks.replaceSubrange(first..<last, with: newMarks)
    }

    private mutating func append(_ event: PlacedEvent) {
        if seconds.count == seconds.capacity {
            let room = max(8, seconds.count + seconds.count / 4)
            seconds.reserveCapacity(room)
            marks.reserveCapacity(room)
        }
        seconds.append(event.moment.seconds)
        marks.append(event.mark)
    }

    /// Makes room for a row: those from `row` on move up by one.
    mutating func shiftRows(from row: Int) {
        let first = UInt32(row) << Self.rowShift
        marks.withUnsafeMutableBufferPointer { marks in
            for place in marks.indices { marks[place] &+= marks[place] >= first ? 1 << Self.rowShift : 0 }
        }
    }

    /// Gives each row its new place; drops the events of rows without one.
    func moved(to places: [Int?]) -> EventTimes {
        var times = EventTimes()
        times.seconds.reserveCapacity(count)
        times.marks.reserveCapacity(count)
        for (second, mark) in zip(seconds, marks) {
            guard let place = places[Int(mark >> Self.rowShift)] else { continue }
            times.seconds.append(second)
            times.marks.append(UInt32(place) << Self.rowShift | mark & EventMoment.microsecondMask)
        }
        times.shrinkToFit()
        return times
    }

    func merged(with other: EventTimes) -> EventTimes {
        if other.count == 0 { return self }
        if count == 0 { return other }
        var times = EventTimes()
        times.seconds.reserveCapacity(count + other.count)
        times.marks.reserveCapacity(count + other.count)
        var (left, right) = (0, 0)
        while left < count || right < other.count {
            let takesLeft =
                right == other.count
                || left < count
                    && EventMoment(seconds: seconds[left], mark: marks[left])
                        <= EventMoment(seconds: other.seconds[right], mark: other.marks[right])
            times.seconds.append(takesLeft ? seconds[left] : other.seconds[right])
            times.marks.append(takesLeft ? marks[left] : other.marks[right])
            if takesLeft { left += 1 } else { right += 1 }
        }
        return times
    }

    mutating func dropFirst(before moment: EventMoment) {
        let first = lowerBound(moment)
        guard first > 0 else { return }
        seconds.removeFirst(first)
        marks.removeFirst(first)
        shrinkToFit()
    }

    mutating func shrinkToFit() {
        seconds.shrinkToFit()
        marks.shrinkToFit()
    }

    var footprint: Int { seconds.footprint + marks.footprint }
}

/// An event with its row in the block.
struct PlacedEvent: Sendable {
    var type: Int
    var moment: EventMoment
    var row: Int

    var mark: UInt32 { UInt32(row) << EventTimes.rowShift | moment.microseconds }
}
