/// Duplicate keys: two clients that read one of them each would see two different requests (reliability F27).
extension JSONScanner {
    /// Compares a new key with the object's earlier ones, as far as its hash bit asks for it.
    @inline(__always)
    func checkKey(_ entry: Int, in frame: UnsafeMutablePointer<Frame>) throws(Refusal) {
        let key = tape.entries[entry]
        guard key.kind == .string, frame.pointee.count < Self.comparedMembers else {
            frame.pointee.needsFinalCheck = true
            return
        }
        let length = Int(key.length)
        let text = base + Int(key.start)
        var hash = UInt64(truncatingIfNeeded: length)
        if length > 0 {
            hash ^= UInt64(text[0]) &* 0x9E37_79B9 ^ UInt64(text[length - 1]) &* 0x85EB_CA6B ^ UInt64(text[length / 2]) &* 0xC2B2_AE35
        }
        let bit: UInt64 = 1 << ((hash ^ hash >> 17 ^ hash >> 29) & 63)
        if frame.pointee.seen & bit != 0 { try compareKey(entry, with: frame.pointee) }
        frame.pointee.seen |= bit
    }

    private func compareKey(_ entry: Int, with frame: Frame) throws(Refusal) {
        let key = tape.entries[entry]
        var other = frame.entry + 1
        while other < entry {
            let earlier = tape.entries[other]
            if earlier.length == key.length, earlier.kind == .string,
                Self.isSame(base + Int(earlier.start), base + Int(key.start), Int(key.length))
            {
                throw Refusal(reason: .duplicateKey, offset: Int(key.start) - 1)
            }
            other = Int(tape.entries[other + 1].next)
        }
    }

    /// All keys of a closed object: objects with many members or with escapes in a key.
    ///
    /// By hash, so that n keys cost n log n. `Hasher` is seeded per process: nobody can prepare keys that collide.
    func checkKeys(of frame: Frame) throws(Refusal) {
        var keys: [(hash: Int, entry: Int)] = []
        keys.reserveCapacity(frame.count + 1)
        var entry = frame.entry + 1
        while entry < written {
            keys.append((keyBytes(entry).hashValue, entry))
            entry = Int(tape.entries[entry + 1].next)
        }
        keys.sort { ($0.hash, $0.entry) < ($1.hash, $1.entry) }
        for (left, right) in zip(keys, keys.dropFirst()) where left.hash == right.hash {
            if keyBytes(left.entry) == keyBytes(right.entry) {
                throw Refusal(reason: .duplicateKey, offset: Int(tape.entries[right.entry].start) - 1)
            }
        }
    }

    private func keyBytes(_ entry: Int) -> [UInt8] {
        JSONText.bytes(base, tape.entries[entry])
    }

    @inline(__always)
    static func isSame(_ left: UnsafePointer<UInt8>, _ right: UnsafePointer<UInt8>, _ length: Int) -> Bool {
        var index = 0
        while index + 8 <= length {
            let a = UnsafeRawPointer(left + index).loadUnaligned(as: UInt64.self)
            guard a == UnsafeRawPointer(right + index).loadUnaligned(as: UInt64.self) else { return false }
            index += 8
        }
        while index < length {
            guard left[index] == right[index] else { return false }
            index += 1
        }
        return true
    }
}
