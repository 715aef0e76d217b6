/// Checks a whole JSON text in one pass and writes its tape: structure, string escapes, UTF-8, number grammar, duplicate
/// keys and every limit. The only code that decides what is acceptable JSON; `JSON.parse` and `JSONIndex` both stand on it.
///
/// No recursion: open containers live in a stack of `limits.depth` frames. No `String` is built. What runs for every value
/// is inlined into `scanText`, so that position and current frame stay in registers; what is rare is called with plain values.
struct JSONScanner {
    /// Refusals are trivial values while scanning; words and the path are made once, at the end.
    struct Refusal: Error {
        var reason: Reason
        var offset: Int
    }

    enum Reason: UInt8 {
        case endOfText, unexpectedByte, expectedKey, expectedColon, expectedCommaOrBrace, expectedCommaOrBracket
        case trailingText, tooDeep, tooManyMembers, duplicateKey
        case controlCharacter, badEscape, badUnicodeEscape, loneSurrogate, nulCharacter, invalidUTF8, unterminatedString
        case badLiteral, badNumber, leadingZero, numberTooLong, numberTooLarge, numberTooSmall
    }

    struct Frame: BitwiseCopyable {
        /// The container's tape entry.
        var entry = -1
        /// Complete members or elements.
        var count = 0
        /// The tape entry of the key whose value is being read: −1 before the first, not yet written while the key itself is read.
        var key = -1
        /// One bit per key hash: a clear bit proves that a key is new.
        var seen: UInt64 = 0
        var isObject = false
        /// Keys were not all compared while reading: check them when the object closes.
        var needsFinalCheck = false
    }

    /// Up to this many members a key whose hash bit is taken is compared with all before it; beyond, once at the end by hash.
    static let comparedMembers = 32

    let base: UnsafePointer<UInt8>
    let count: Int
    let limits: JSONLimits
    /// Up to this many members all is checked at once.
    let eagerMembers: Int
    /// Outer containers; the innermost one is `frame`.
    let frames: UnsafeMutablePointer<Frame>
    var frame = Frame()
    var depth = 0
    var position = 0
    var entries: UnsafeMutablePointer<JSONTapeEntry>
    var capacity: Int
    var written = 0

    /// Scans `bytes`. The returned tape's offsets refer to them.
    static func scan(_ bytes: UnsafeBufferPointer<UInt8>, limits: JSONLimits) throws(JSONFault) -> JSONTape {
        guard let base = bytes.baseAddress, bytes.count > 0 else {
            throw JSONFault(reason: "expected a value, got an empty text", offset: 0, path: "")
        }
        // 24 bits count the elements of an array, each of at least two bytes.
        guard bytes.count <= min(limits.bytes, 1 << 24) else {
            throw JSONFault(reason: "the text is longer than \(limits.bytes) bytes", offset: limits.bytes, path: "")
        }
        let frames = UnsafeMutablePointer<Frame>.allocate(capacity: max(1, limits.depth))
        defer { frames.deallocate() }
        let capacity = bytes.count / 8 + 16
        var scanner = JSONScanner(
            base: base, count: bytes.count, limits: limits,
            eagerMembers: min(comparedMembers, limits.membersPerObject), frames: frames,
            entries: .allocate(capacity: capacity), capacity: capacity
        )
        do throws(Refusal) {
            try scanner.scanText()
        } catch {
            let fault = scanner.fault(error)
            scanner.entries.deallocate()
            throw fault
        }
        return JSONTape(entries: scanner.entries, count: scanner.written)
    }

    private mutating func scanText() throws(Refusal) {
        while true {
            if frame.isObject { try scanKey() }
            guard try scanValueOrOpen() else { continue }
            // A value is complete: close containers until one goes on.
            while depth > 0, try !takesAnother() {}
            guard depth > 0 else { break }
        }
        position = Self.whitespaceEnd(base, position, count)
        guard position == count else { throw Refusal(reason: .trailingText, offset: position) }
    }

    /// Reads a scalar or an empty container whole, and returns true. Opens any other container and returns false.
    @inline(__always)
    private mutating func scanValueOrOpen() throws(Refusal) -> Bool {
        let byte = try significantByte()
        if byte == UInt8(ascii: "\"") {
            try scanString()
        } else if byte &- 0x30 <= 9 || byte == UInt8(ascii: "-") {
            try scanNumber()
        } else if byte == UInt8(ascii: "{") || byte == UInt8(ascii: "[") {
            try open(isObject: byte == UInt8(ascii: "{"))
            // Either closing bracket stands two code points behind its opening one.
            guard try significantByte() == byte &+ 2 else { return false }
            try close()
        } else {
            let (kind, length) = try Self.literal(base, position, count)
            append(JSONTapeEntry(kind, start: position, length: length, next: written &+ 1))
            position &+= length
        }
        return true
    }

    /// Behind a value inside a container. True: a key or value comes next. False: the container closed.
    @inline(__always)
    private mutating func takesAnother() throws(Refusal) -> Bool {
        frame.count &+= 1
        let byte = try significantByte()
        if byte == UInt8(ascii: ",") {
            position &+= 1
            return true
        }
        guard byte == (frame.isObject ? UInt8(ascii: "}") : UInt8(ascii: "]")) else {
            throw Refusal(reason: frame.isObject ? .expectedCommaOrBrace : .expectedCommaOrBracket, offset: position)
        }
        try close()
        return false
    }

    /// The byte at `position`, behind any whitespace.
    @inline(__always)
    private mutating func significantByte() throws(Refusal) -> UInt8 {
        guard position < count else { throw Refusal(reason: .endOfText, offset: position) }
        let byte = base[position]
        if byte > 0x20 { return byte }
        position = Self.whitespaceEnd(base, position, count)
        guard position < count else { throw Refusal(reason: .endOfText, offset: position) }
        return base[position]
    }

    @inline(never)
    private static func whitespaceEnd(_ base: UnsafePointer<UInt8>, _ from: Int, _ count: Int) -> Int {
        var at = from
        while at < count {
            switch base[at] {
            case 0x20, 0x0A, 0x0D, 0x09: at &+= 1
            default: return at
            }
        }
        return at
    }

    @inline(__always)
    private mutating func open(isObject: Bool) throws(Refusal) {
        guard depth < limits.depth else { throw Refusal(reason: .tooDeep, offset: position) }
        frames[depth] = frame
        depth &+= 1
        frame = Frame(entry: written, isObject: isObject)
        append(JSONTapeEntry(isObject ? .object : .array, start: position, length: 0, next: 0))
        position &+= 1
    }

    /// At the closing bracket.
    @inline(__always)
    private mutating func close() throws(Refusal) {
        position &+= 1
        if frame.needsFinalCheck {
            try Self.checkKeys(base, entries, from: frame.entry &+ 1, to: written, count: frame.count)
        }
        let start = Int(entries[frame.entry].start)
        entries[frame.entry] = JSONTapeEntry(
            frame.isObject ? .object : .array,
            start: start, length: position &- start, next: written, count: frame.count
        )
        depth &-= 1
        frame = frames[depth]
    }

    /// Key and colon, and the whitespace before each.
    @inline(__always)
    private mutating func scanKey() throws(Refusal) {
        let entry = written
        frame.key = entry
        guard try significantByte() == UInt8(ascii: "\"") else { throw Refusal(reason: .expectedKey, offset: position) }
        try scanString()
        try checkKey(entry)
        guard try significantByte() == UInt8(ascii: ":") else {
            throw Refusal(reason: .expectedColon, offset: position)
        }
        position &+= 1
    }

    @inline(__always)
    mutating func append(_ entry: JSONTapeEntry) {
        if written == capacity {
            entries = Self.grown(entries, capacity)
            capacity &*= 2
        }
        entries[written] = entry
        written &+= 1
    }

    @inline(never)
    private static func grown(_ entries: UnsafeMutablePointer<JSONTapeEntry>, _ capacity: Int) -> UnsafeMutablePointer<
        JSONTapeEntry
    > {
        let larger = UnsafeMutablePointer<JSONTapeEntry>.allocate(capacity: capacity * 2)
        larger.update(from: entries, count: capacity)
        entries.deallocate()
        return larger
    }

    @inline(never)
    private static func literal(
        _ base: UnsafePointer<UInt8>, _ position: Int, _ count: Int
    ) throws(Refusal) -> (JSONKind, length: Int) {
        let text: StaticString
        let kind: JSONKind
        switch base[position] {
        case UInt8(ascii: "t"): (text, kind) = ("true", .true)
        case UInt8(ascii: "f"): (text, kind) = ("false", .false)
        case UInt8(ascii: "n"): (text, kind) = ("null", .null)
        default: throw Refusal(reason: .unexpectedByte, offset: position)
        }
        let length = text.utf8CodeUnitCount
        guard position + length <= count, isSame(base + position, text.utf8Start, length) else {
            throw Refusal(reason: .badLiteral, offset: position)
        }
        return (kind, length)
    }
}
