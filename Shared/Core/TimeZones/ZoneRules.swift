/// The offsets of one zone, read from a TZif file (RFC 8536), version 2 or later.
///
/// Foundation on Linux carries zone data of its own and never sees a tzdata update, hence ours (ARCHITECTURE §5).
package struct ZoneRules: Sendable {
    private let transitions: [Int64]
    /// Offset in force from the transition of the same index on, seconds east of UTC.
    private let offsets: [Int32]
    private let initialOffset: Int32
    /// After the last transition.
    private let footer: PosixZone?

    /// Nil unless `bytes` are a well-formed TZif file of version 2 or later.
    package init?(tzif bytes: [UInt8]) {
        guard let first = Header(bytes, at: 0), first.version >= 0x32,
            let second = Header(bytes, at: 44 + first.dataLength(timeSize: 4)),
            let body = Body(bytes, header: second)
        else { return nil }
        transitions = body.transitions
        offsets = body.offsets
        initialOffset = body.initialOffset
        footer = PosixZone(body.footer)
    }

    /// Seconds east of UTC.
    package func offset(at instant: Instant) -> Int {
        let seconds = instant.seconds
        guard let last = transitions.last, seconds < last else {
            if let footer { return footer.offset(at: seconds) }
            return Int(offsets.last ?? initialOffset)
        }
        var low = 0
        var high = transitions.count
        while low < high {
            let middle = (low + high) / 2
            if transitions[middle] <= seconds { low = middle + 1 } else { high = middle }
        }
        return Int(low == 0 ? initialOffset : offsets[low - 1])
    }
}

/// The 44 bytes before each of a file's two data blocks.
private struct Header {
    let start: Int
    let version: UInt8
    let utcCount, standardCount, leapCount, transitionCount, typeCount, nameLength: Int

    init?(_ bytes: [UInt8], at start: Int) {
        guard bytes.count >= start + 44, bytes[start..<start + 4].elementsEqual("TZif".utf8) else { return nil }
        self.start = start
        version = bytes[start + 4]
        let counts = (0..<6).map { bytes.bigEndian(at: start + 20 + $0 * 4, size: 4) }
        // Bounds of a sane file; the largest real one has some 250 transitions.
        guard counts.allSatisfy({ (0...10_000).contains($0) }), counts[4] > 0 else { return nil }
        (utcCount, standardCount, leapCount) = (Int(counts[0]), Int(counts[1]), Int(counts[2]))
        (transitionCount, typeCount, nameLength) = (Int(counts[3]), Int(counts[4]), Int(counts[5]))
    }

    func dataLength(timeSize: Int) -> Int {
        transitionCount * (timeSize + 1) + typeCount * 6 + nameLength + leapCount * (timeSize + 4) + standardCount
            + utcCount
    }
}

private struct Body {
    let transitions: [Int64]
    let offsets: [Int32]
    let initialOffset: Int32
    let footer: String

    init?(_ bytes: [UInt8], header: Header) {
        let start = header.start + 44
        let end = start + header.dataLength(timeSize: 8)
        guard bytes.count >= end else { return nil }
        transitions = (0..<header.transitionCount).map { bytes.bigEndian(at: start + $0 * 8, size: 8) }
        let indices = start + header.transitionCount * 8
        let types = indices + header.transitionCount
        let offsetOf = (0..<header.typeCount).map {
            Int32(truncatingIfNeeded: bytes.bigEndian(at: types + $0 * 6, size: 4))
        }
        let used = bytes[indices..<types].map(Int.init)
        guard used.allSatisfy({ $0 < offsetOf.count }) else { return nil }
        offsets = used.map { offsetOf[$0] }
        initialOffset = offsetOf[0]
        let rest = bytes[end...].dropFirst()
        footer = String(decoding: rest.prefix { $0 != 0x0A }, as: UTF8.self)
    }
}

extension [UInt8] {
    /// Two's complement.
    fileprivate func bigEndian(at index: Int, size: Int) -> Int64 {
        let value = self[index..<index + size].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        return size == 4 ? Int64(Int32(truncatingIfNeeded: value)) : Int64(bitPattern: value)
    }
}
