/// The flat form of one JSON text: an entry per value and per key, in the order of the text, 16 bytes each.
///
/// A container's entry comes before its content and knows where the content ends, so that a value is skipped in one step.
@usableFromInline
package struct JSONTapeEntry: BitwiseCopyable, Sendable {
    /// Text begins here: behind the quote for strings, at the bracket for containers.
    @usableFromInline var start: UInt32
    /// In bytes: without the quotes for strings, with both brackets for containers.
    @usableFromInline var length: UInt32
    /// The entry after this value and all it contains.
    @usableFromInline var next: UInt32
    /// Members of an object or elements of an array, 24 bits; the kind in the low 8.
    @usableFromInline var countAndKind: UInt32

    @inline(__always)
    init(_ kind: JSONKind, start: Int, length: Int, next: Int, count: Int = 0) {
        self.start = UInt32(truncatingIfNeeded: start)
        self.length = UInt32(truncatingIfNeeded: length)
        self.next = UInt32(truncatingIfNeeded: next)
        countAndKind = UInt32(truncatingIfNeeded: count) << 8 | UInt32(kind.rawValue)
    }

    @inlinable @inline(__always) var kind: JSONKind {
        JSONKind(rawValue: UInt8(truncatingIfNeeded: countAndKind)) ?? .null
    }
    @inlinable @inline(__always) var count: Int { Int(countAndKind >> 8) }
    @inline(__always) var isPlainString: Bool { countAndKind == UInt32(JSONKind.string.rawValue) }
}

/// What a scanned value is.
@usableFromInline
package enum JSONKind: UInt8, Sendable {
    case null, `true`, `false`
    /// Fits `Int64` and has neither fraction nor exponent.
    case integer
    case double
    /// Its bytes are its text.
    case string
    /// Has at least one backslash escape.
    case escapedString
    case array
    case object
}

/// Owns the entries of a finished scan.
// SAFETY: made when the scanner is done, and read only from then on.
@usableFromInline
final class JSONTape: @unchecked Sendable {
    @usableFromInline let entries: UnsafeMutablePointer<JSONTapeEntry>
    @usableFromInline let count: Int

    init(entries: UnsafeMutablePointer<JSONTapeEntry>, count: Int) {
        self.entries = entries
        self.count = count
    }

    deinit {
        entries.deallocate()
    }
}
