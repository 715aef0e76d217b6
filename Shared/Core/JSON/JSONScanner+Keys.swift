/// Duplicate keys: two clients that read one of them each would see two different requests (reliability F27).
extension JSONScanner {
    /// Compares a new key with the object's earlier ones, as far as its hash bit asks for it.
    @inline(__always)
    mutating func checkKey(_ entry: Int) throws(Refusal) {
        let key = entries[entry]
        guard key.isPlainString, frame.count < eagerMembers else {
            guard frame.count < limits.membersPerObject else {
                throw Refusal(reason: .tooManyMembers, offset: Int(key.start) - 1)
            }
            frame.needsFinalCheck = true
            return
        }
        // The last seven bytes and the closing quote; for shorter keys, what belongs to another token is shifted out.
        let end = Int(key.start &+ key.length)
        guard end >= 7 else {
            frame.needsFinalCheck = true
            return
        }
        let tail = UInt64(littleEndian: UnsafeRawPointer(base + (end &- 7)).loadUnaligned(as: UInt64.self))
        let foreign = max(0, 7 &- Int(key.length))
        let hash = ((tail &>> UInt64(foreign &* 8)) ^ UInt64(key.length)) &* 0x9E37_79B9_7F4A_7C15
        let bit: UInt64 = 1 &<< (hash &>> 58)
        if frame.seen & bit != 0 { try Self.compareKey(base, entries, entry, from: frame.entry &+ 1) }
        frame.seen |= bit
    }

    @inline(never)
    private static func compareKey(
        _ base: UnsafePointer<UInt8>, _ entries: UnsafeMutablePointer<JSONTapeEntry>, _ entry: Int, from first: Int
    ) throws(Refusal) {
        let key = entries[entry]
        var other = first
        while other < entry {
            let earlier = entries[other]
            if earlier.length == key.length, earlier.isPlainString,
                isSame(base + Int(earlier.start), base + Int(key.start), Int(key.length))
            {
                throw Refusal(reason: .duplicateKey, offset: Int(key.start) - 1)
            }
            other = Int(entries[other &+ 1].next)
        }
    }

    /// All keys of a closed object: objects with many members or with escapes in a key.
    ///
    /// Through a hash table of entry numbers, at most half full. The hash is seeded per process, so that nobody can prepare
    /// keys that collide.
    @inline(never)
    static func checkKeys(
        _ base: UnsafePointer<UInt8>, _ entries: UnsafeMutablePointer<JSONTapeEntry>, from first: Int, to end: Int,
        count: Int
    ) throws(Refusal) {
        let mask = UInt(1) << UInt(Int.bitWidth - (max(4, count) * 2).leadingZeroBitCount) - 1
        var table = [(hash: UInt64, entry: Int)](repeating: (0, -1), count: Int(mask) + 1)
        var entry = first
        while entry < end {
            let hash = keyHash(base, entries[entry])
            var slot = Int(UInt(truncatingIfNeeded: hash) & mask)
            while table[slot].entry >= 0 {
                if table[slot].hash == hash, isSameKey(base, entries[table[slot].entry], entries[entry]) {
                    throw Refusal(reason: .duplicateKey, offset: Int(entries[entry].start) - 1)
                }
                slot = (slot + 1) & Int(mask)
            }
            table[slot] = (hash, entry)
            entry = Int(entries[entry + 1].next)
        }
    }

    private static func isSameKey(_ base: UnsafePointer<UInt8>, _ left: JSONTapeEntry, _ right: JSONTapeEntry) -> Bool {
        if left.isPlainString, right.isPlainString {
            return left.length == right.length
                && isSame(base + Int(left.start), base + Int(right.start), Int(left.length))
        }
        return JSONText.bytes(base, left) == JSONText.bytes(base, right)
    }

    private static func keyHash(_ base: UnsafePointer<UInt8>, _ key: JSONTapeEntry) -> UInt64 {
        if key.isPlainString { return hash(base + Int(key.start), Int(key.length)) }
        return JSONText.bytes(base, key).withUnsafeBufferPointer { text in
            text.baseAddress.map { hash($0, text.count) } ?? seed
        }
    }

    /// `Hasher` is keyed at random per process; the result of a scan does not depend on it.
    private static let seed = UInt64(bitPattern: Int64(Hasher().finalize())) | 1

    /// Folded multiplication, eight bytes a step.
    private static func hash(_ text: UnsafePointer<UInt8>, _ length: Int) -> UInt64 {
        var state = seed ^ UInt64(truncatingIfNeeded: length)
        var index = 0
        while index + 8 <= length {
            state = mixed(state ^ UnsafeRawPointer(text + index).loadUnaligned(as: UInt64.self))
            index += 8
        }
        var rest: UInt64 = 0
        while index < length {
            rest = rest << 8 | UInt64(text[index])
            index += 1
        }
        return mixed(state ^ rest)
    }

    @inline(__always)
    private static func mixed(_ value: UInt64) -> UInt64 {
        let product = (value ^ seed).multipliedFullWidth(by: 0x9E37_79B9_7F4A_7C15)
        return product.high ^ product.low
    }

    @inline(__always)
    static func isSame(_ left: UnsafePointer<UInt8>, _ right: UnsafePointer<UInt8>, _ length: Int) -> Bool {
        var index = 0
        while index &+ 8 <= length {
            let a = UnsafeRawPointer(left + index).loadUnaligned(as: UInt64.self)
            guard a == UnsafeRawPointer(right + index).loadUnaligned(as: UInt64.self) else { return false }
            index &+= 8
        }
        while index < length {
            guard left[index] == right[index] else { return false }
            index &+= 1
        }
        return true
    }
}
