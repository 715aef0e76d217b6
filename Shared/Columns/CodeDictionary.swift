/// The distinct values of one column, numbered from 1 in the order of arrival; 0 stands for "no value".
///
/// Values are byte strings and equal when their bytes are. Each counts the rows that have it; a value without rows gives
/// its number to the next new one, so that the numbers stay as few as the values that are in use.
struct CodeDictionary: Sendable {
    /// A code fits 16 bits.
    static let maximumCodes = 65_535
    /// Of the values together.
    static let maximumBytes = 16 << 20

    private struct Entry: Sendable {
        var start: UInt32 = 0
        var length: UInt32 = 0
        var uses: UInt32 = 0
        var hash: UInt32 = 0
    }

    /// Open addressing, at most half full; 0 is an empty slot.
    private var slots: [UInt16] = [UInt16](repeating: 0, count: 16)
    /// By code; the first stands for no value.
    private var entries: [Entry] = [Entry()]
    private var bytes: [UInt8] = []
    private var vacant: [UInt16] = []
    /// Bytes of values that are gone.
    private var garbage = 0

    /// One more than the highest code there has been.
    var codeCount: Int { entries.count }
    var liveCount: Int { entries.count - 1 - vacant.count }

    /// Rows that have the value.
    @inline(__always)
    func uses(of code: Int) -> Int { Int(entries[code].uses) }

    /// The value's bytes, valid during the call.
    func withValue<Result>(of code: Int, _ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
        let entry = entries[code]
        return bytes.withUnsafeBufferPointer { all in
            body(UnsafeBufferPointer(rebasing: all[Int(entry.start)..<Int(entry.start + entry.length)]))
        }
    }

    /// Every code but 0, ascending, with the rows that have it and its value (empty when there are none).
    @inline(__always)
    func forEachValue(_ body: (_ code: Int, _ uses: Int, _ value: UnsafeBufferPointer<UInt8>) -> Void) {
        bytes.withUnsafeBufferPointer { all in
            entries.withUnsafeBufferPointer { entries in
                for code in 1..<max(1, entries.count) {
                    let entry = entries[code]
                    let value = UnsafeBufferPointer(
                        rebasing: all[Int(entry.start)..<Int(entry.start) + Int(entry.length)])
                    body(code, Int(entry.uses), value)
                }
            }
        }
    }

    /// The value's code, new if need be; nil when the dictionary is full.
    mutating func code(for value: UnsafeBufferPointer<UInt8>) -> Int? {
        let hash = Self.hash(value)
        if let code = find(value, hash) { return code }
        guard value.count <= Self.maximumBytes - (bytes.count - garbage) else { return nil }
        guard !vacant.isEmpty || entries.count <= Self.maximumCodes else { return nil }
        if garbage > 4096, garbage > bytes.count / 2 { collect() }
        if (liveCount + 1) * 2 > slots.count { grow() }
        let entry = Entry(start: UInt32(bytes.count), length: UInt32(value.count), uses: 0, hash: hash)
        bytes.append(contentsOf: value)
        let code: Int
        if let reused = vacant.popLast() {
            code = Int(reused)
            entries[code] = entry
        } else {
            code = entries.count
            entries.append(entry)
        }
        place(code)
        return code
    }

    mutating func retain(_ code: Int) {
        guard code != 0 else { return }
        entries[code].uses &+= 1
    }

    mutating func release(_ code: Int) {
        guard code != 0 else { return }
        entries[code].uses -= 1
        if entries[code].uses == 0 { remove(code) }
    }

    private func find(_ value: UnsafeBufferPointer<UInt8>, _ hash: UInt32) -> Int? {
        let mask = slots.count - 1
        var slot = Int(hash) & mask
        while slots[slot] != 0 {
            let code = Int(slots[slot])
            let entry = entries[code]
            if entry.hash == hash, Int(entry.length) == value.count, isValue(entry, value) { return code }
            slot = (slot + 1) & mask
        }
        return nil
    }

    private func isValue(_ entry: Entry, _ value: UnsafeBufferPointer<UInt8>) -> Bool {
        bytes.withUnsafeBufferPointer { all in
            let start = Int(entry.start)
            var index = 0
            while index < value.count {
                guard all[start + index] == value[index] else { return false }
                index += 1
            }
            return true
        }
    }

    private mutating func place(_ code: Int) {
        let mask = slots.count - 1
        var slot = Int(entries[code].hash) & mask
        while slots[slot] != 0 { slot = (slot + 1) & mask }
        slots[slot] = UInt16(code)
    }

    private mutating func grow() {
        let codes = slots
        slots = [UInt16](repeating: 0, count: codes.count * 2)
        for code in codes where code != 0 { place(Int(code)) }
    }

    /// Takes the code out of its slot and moves what was pushed behind it back (Knuth 6.4, algorithm R).
    private mutating func remove(_ code: Int) {
        let mask = slots.count - 1
        var hole = Int(entries[code].hash) & mask
        while slots[hole] != UInt16(code) { hole = (hole + 1) & mask }
        var slot = (hole + 1) & mask
        while slots[slot] != 0 {
            let home = Int(entries[Int(slots[slot])].hash) & mask
            // Its home does not lie between the hole and itself: it may move.
            if (slot &- home) & mask >= (slot &- hole) & mask {
                slots[hole] = slots[slot]
                hole = slot
            }
            slot = (slot + 1) & mask
        }
        slots[hole] = 0
        garbage += Int(entries[code].length)
        entries[code] = Entry()
        vacant.append(UInt16(code))
    }

    /// Moves the live values together.
    private mutating func collect() {
        var kept: [UInt8] = []
        kept.reserveCapacity(bytes.count - garbage)
        for code in entries.indices where entries[code].length > 0 {
            let start = Int(entries[code].start)
            entries[code].start = UInt32(kept.count)
            kept.append(contentsOf: bytes[start..<start + Int(entries[code].length)])
        }
        bytes = kept
        garbage = 0
    }

    /// `Hasher` is keyed at random per process, so that nobody can prepare values that collide; no answer depends on it.
    private static let seed = UInt64(bitPattern: Int64(Hasher().finalize())) | 1

    /// Folded multiplication, eight bytes a step.
    @inline(__always)
    private static func hash(_ value: UnsafeBufferPointer<UInt8>) -> UInt32 {
        let seed = seed
        var state = seed ^ UInt64(truncatingIfNeeded: value.count)
        let words = UnsafeRawBufferPointer(value)
        var index = 0
        while index &+ 8 <= words.count {
            state = folded(state ^ words.loadUnaligned(fromByteOffset: index, as: UInt64.self), seed)
            index &+= 8
        }
        var rest: UInt64 = 0
        while index < words.count {
            rest = rest << 8 | UInt64(words[index])
            index &+= 1
        }
        let last = folded(state ^ rest, seed)
        return UInt32(truncatingIfNeeded: last ^ last >> 32)
    }

    @inline(__always)
    private static func folded(_ value: UInt64, _ seed: UInt64) -> UInt64 {
        let product = (value ^ seed).multipliedFullWidth(by: 0x9E37_79B9_7F4A_7C15)
        return product.high ^ product.low
    }

    /// Numbers the values anew, in their order; returns the new codes by the old ones.
    mutating func sort(by precedes: (UnsafeBufferPointer<UInt8>, UnsafeBufferPointer<UInt8>) -> Bool) -> [UInt16] {
        let order = entries.indices.filter { entries[$0].uses > 0 }.sorted { left, right in
            withValue(of: left) { left in withValue(of: right) { precedes(left, $0) } }
        }
        var codes = [UInt16](repeating: 0, count: entries.count)
        for (place, code) in order.enumerated() { codes[code] = UInt16(place + 1) }
        entries = [Entry()] + order.map { entries[$0] }
        vacant = []
        slots = [UInt16](repeating: 0, count: slots.count)
        for code in entries.indices.dropFirst() { place(code) }
        return codes
    }

    mutating func shrinkToFit() {
        if garbage > 0 { collect() }
        entries.shrinkToFit()
        bytes.shrinkToFit()
        vacant.shrinkToFit()
    }

    var footprint: Int {
        slots.footprint + entries.footprint + bytes.footprint + vacant.footprint
    }
}

extension Array where Element: BitwiseCopyable {
    /// Bytes that the allocator gives for it: elements, header, and its rounding. An empty array has none.
    var footprint: Int {
        capacity == 0 ? 0 : (capacity * MemoryLayout<Element>.stride + 32 + 8 + 15) & ~15
    }

    /// Gives back room for growth when it is more than a tenth.
    mutating func shrinkToFit() {
        guard capacity - count > count / 10 + 16 else { return }
        self =
            count == 0
            ? []
            : [Element](unsafeUninitializedCapacity: count) { buffer, initialized in
                initialized = buffer.initialize(from: self).index
            }
    }
}
