/// The rows of one block that share their address with other endpoints, and the group of each: few, so a list.
struct BlockTwins: Sendable {
    /// Ascending.
    private(set) var rows: [UInt16] = []
    private(set) var groups: [UInt32] = []

    func group(of row: Int) -> UInt32? {
        let place = lowerBound(row)
        return place < rows.count && rows[place] == row ? groups[place] : nil
    }

    mutating func set(_ group: UInt32?, at row: Int) {
        let place = lowerBound(row)
        let isHeld = place < rows.count && rows[place] == row
        switch (isHeld, group) {
        case (true, let group?): groups[place] = group
        case (true, nil):
            rows.remove(at: place)
            groups.remove(at: place)
        case (false, let group?):
            rows.insert(UInt16(row), at: place)
            groups.insert(group, at: place)
        case (false, nil): break
        }
    }

    mutating func insertRow(at row: Int) {
        for place in lowerBound(row)..<rows.count { rows[place] += 1 }
    }

    func selecting(_ kept: [UInt16], of count: Int) -> BlockTwins {
        guard !rows.isEmpty else { return self }
        var places = [Int?](repeating: nil, count: count)
        for (place, row) in kept.enumerated() { places[Int(row)] = place }
        var twins = BlockTwins()
        for (row, group) in zip(rows, groups) {
            guard let place = places[Int(row)] else { continue }
            twins.rows.append(UInt16(place))
            twins.groups.append(group)
        }
        return twins
    }

    /// Adds the rows of the block that follows.
    mutating func append(_ other: BlockTwins, rows count: Int) {
        rows += other.rows.map { $0 + UInt16(count) }
        groups += other.groups
    }

    mutating func shrinkToFit() {
        rows.shrinkToFit()
        groups.shrinkToFit()
    }

    var footprint: Int { rows.footprint + groups.footprint }

    private func lowerBound(_ row: Int) -> Int {
        var low = 0
        var high = rows.count
        while low < high {
            let middle = (low &+ high) >> 1
            if rows[middle] < row { low = middle + 1 } else { high = middle }
        }
        return low
    }
}

/// Endpoints of one channel and address, by a number small enough for a bitmap.
struct TwinGroups: Sendable {
    private struct Address: Hashable, Sendable {
        var channel: Int
        var hash: Int64
    }

    private struct Group: Sendable {
        var address: Address
        var uses: UInt32
    }

    private var numbers: [Address: UInt32] = [:]
    private var groups: [Group] = []
    private var vacant: [UInt32] = []

    /// One more than the highest number there has been.
    var count: Int { groups.count }

    /// `channel`: the code of the channel type. Pairs with `leave`.
    mutating func join(channel: Int, hash: Int64) -> UInt32 {
        let address = Address(channel: channel, hash: hash)
        if let number = numbers[address] {
            groups[Int(number)].uses += 1
            return number
        }
        let group = Group(address: address, uses: 1)
        let number: UInt32
        if let reused = vacant.popLast() {
            number = reused
            groups[Int(number)] = group
        } else {
            number = UInt32(groups.count)
            groups.append(group)
        }
        numbers[address] = number
        return number
    }

    mutating func leave(_ number: UInt32) {
        groups[Int(number)].uses -= 1
        guard groups[Int(number)].uses == 0 else { return }
        numbers[groups[Int(number)].address] = nil
        vacant.append(number)
    }

    /// The table counts two words and a byte an entry.
    var footprint: Int {
        let table = numbers.capacity * (MemoryLayout<Address>.stride + MemoryLayout<UInt32>.stride + 1)
        return table + groups.capacity * MemoryLayout<Group>.stride + vacant.footprint
    }
}
