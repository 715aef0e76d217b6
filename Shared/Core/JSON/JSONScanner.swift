/// Checks a whole JSON text in one pass and writes its tape: structure, string escapes, UTF-8, number grammar, duplicate
/// keys and every limit. The only code that decides what is acceptable JSON; `JSON.parse` and `JSONIndex` both stand on it.
///
/// No recursion: open containers live in a stack of `limits.depth` frames. No `String` is built.
struct JSONScanner {
    /// Refusals are trivial values while scanning; words and the path are made once, at the end.
    struct Refusal: Error {
        var reason: Reason
        var offset: Int
    }

    enum Reason: UInt8 {
        case tooLarge, endOfText, unexpectedByte, expectedKey, expectedColon, expectedCommaOrBrace, expectedCommaOrBracket
        case trailingText, tooDeep, tooManyMembers, duplicateKey
        case controlCharacter, badEscape, badUnicodeEscape, loneSurrogate, nulCharacter, invalidUTF8, unterminatedString
        case badLiteral, badNumber, leadingZero, numberTooLong, numberTooLarge, numberTooSmall
    }

    struct Frame: BitwiseCopyable {
        /// The container's tape entry.
        var entry: Int
        var count: Int
        /// The tape entry of the key whose value is being read, or −1.
        var key: Int
        /// One bit per key hash: a clear bit proves that a key is new.
        var seen: UInt64
        var isObject: Bool
        /// Keys were not all compared while reading: check them when the object closes.
        var needsFinalCheck: Bool
    }

    /// Up to this many members a key whose hash bit is taken is compared with all before it; beyond, once at the end by hash.
    static let comparedMembers = 32

    let base: UnsafePointer<UInt8>
    let count: Int
    let limits: JSONLimits
    let tape: JSONTape
    let frames: UnsafeMutablePointer<Frame>
    var depth = 0
    var position = 0
    var written = 0

    /// Scans `bytes`. The returned tape's offsets refer to them.
    static func scan(_ bytes: UnsafeBufferPointer<UInt8>, limits: JSONLimits) throws(JSONFault) -> JSONTape {
        guard let base = bytes.baseAddress, bytes.count > 0 else {
            throw JSONFault(reason: "expected a value, got an empty text", offset: 0, path: "")
        }
        guard bytes.count <= min(limits.bytes, Int(Int32.max)) else {
            throw JSONFault(reason: "the text is longer than \(limits.bytes) bytes", offset: limits.bytes, path: "")
        }
        let tape = JSONTape(capacity: bytes.count / 10 + 16)
        let frames = UnsafeMutablePointer<Frame>.allocate(capacity: max(1, limits.depth))
        defer { frames.deallocate() }
        var scanner = JSONScanner(base: base, count: bytes.count, limits: limits, tape: tape, frames: frames)
        do throws(Refusal) {
            try scanner.scanText()
        } catch {
            throw scanner.fault(error)
        }
        tape.finish(count: scanner.written)
        return tape
    }

    private mutating func scanText() throws(Refusal) {
        skipWhitespace()
        while true {
            try scanValueOrOpen()
            // A value is complete: close containers until one goes on.
            while true {
                guard depth > 0 else {
                    skipWhitespace()
                    guard position == count else { throw Refusal(reason: .trailingText, offset: position) }
                    return
                }
                if try continueContainer() { break }
            }
        }
    }

    /// Reads scalars whole; opens containers up to their first value. Returns when a value is complete.
    @inline(__always)
    private mutating func scanValueOrOpen() throws(Refusal) {
        while true {
            guard position < count else { throw Refusal(reason: .endOfText, offset: position) }
            switch base[position] {
            case UInt8(ascii: "\""):
                try scanString()
                return
            case UInt8(ascii: "{"):
                try open(isObject: true)
                skipWhitespace()
                if position < count, base[position] == UInt8(ascii: "}") {
                    try close()
                    return
                }
                try scanKey()
            case UInt8(ascii: "["):
                try open(isObject: false)
                skipWhitespace()
                if position < count, base[position] == UInt8(ascii: "]") {
                    try close()
                    return
                }
            case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
                try scanNumber()
                return
            case UInt8(ascii: "t"):
                try scanLiteral("true", .true)
                return
            case UInt8(ascii: "f"):
                try scanLiteral("false", .false)
                return
            case UInt8(ascii: "n"):
                try scanLiteral("null", .null)
                return
            default:
                throw Refusal(reason: .unexpectedByte, offset: position)
            }
        }
    }

    /// Behind a value inside a container. True: the next value begins here. False: the container closed.
    @inline(__always)
    private mutating func continueContainer() throws(Refusal) -> Bool {
        let frame = frames + (depth - 1)
        frame.pointee.count += 1
        skipWhitespace()
        guard position < count else { throw Refusal(reason: .endOfText, offset: position) }
        let byte = base[position]
        if byte == UInt8(ascii: ",") {
            position += 1
            skipWhitespace()
            if frame.pointee.isObject { try scanKey() }
            return true
        }
        if frame.pointee.isObject {
            guard byte == UInt8(ascii: "}") else { throw Refusal(reason: .expectedCommaOrBrace, offset: position) }
        } else {
            guard byte == UInt8(ascii: "]") else { throw Refusal(reason: .expectedCommaOrBracket, offset: position) }
        }
        try close()
        return false
    }

    @inline(__always)
    private mutating func open(isObject: Bool) throws(Refusal) {
        guard depth < limits.depth else { throw Refusal(reason: .tooDeep, offset: position) }
        frames[depth] = Frame(entry: written, count: 0, key: -1, seen: 0, isObject: isObject, needsFinalCheck: false)
        depth += 1
        append(JSONTapeEntry(isObject ? .object : .array, start: position, length: 0, next: 0))
        position += 1
    }

    /// At the closing bracket.
    @inline(__always)
    private mutating func close() throws(Refusal) {
        position += 1
        let frame = frames[depth - 1]
        if frame.needsFinalCheck { try checkKeys(of: frame) }
        let start = Int(tape.entries[frame.entry].start)
        tape.entries[frame.entry] = JSONTapeEntry(
            frame.isObject ? .object : .array,
            start: start, length: position - start, next: written, count: frame.count
        )
        depth -= 1
    }

    /// Key, colon and the whitespace around them.
    @inline(__always)
    private mutating func scanKey() throws(Refusal) {
        let frame = frames + (depth - 1)
        frame.pointee.key = -1
        guard position < count else { throw Refusal(reason: .endOfText, offset: position) }
        guard base[position] == UInt8(ascii: "\"") else { throw Refusal(reason: .expectedKey, offset: position) }
        guard frame.pointee.count < limits.membersPerObject else {
            throw Refusal(reason: .tooManyMembers, offset: position)
        }
        let entry = written
        try scanString()
        try checkKey(entry, in: frame)
        frame.pointee.key = entry
        skipWhitespace()
        guard position < count else { throw Refusal(reason: .endOfText, offset: position) }
        guard base[position] == UInt8(ascii: ":") else { throw Refusal(reason: .expectedColon, offset: position) }
        position += 1
        skipWhitespace()
    }

    @inline(__always)
    mutating func append(_ entry: JSONTapeEntry) {
        if written == tape.capacity { tape.grow(keeping: written) }
        tape.entries[written] = entry
        written += 1
    }

    @inline(__always)
    mutating func skipWhitespace() {
        while position < count {
            switch base[position] {
            case 0x20, 0x0A, 0x0D, 0x09: position += 1
            default: return
            }
        }
    }

    private mutating func scanLiteral(_ text: StaticString, _ kind: JSONKind) throws(Refusal) {
        let length = text.utf8CodeUnitCount
        for index in 0..<length {
            guard position + index < count, base[position + index] == text.utf8Start[index] else {
                throw Refusal(reason: .badLiteral, offset: position)
            }
        }
        append(JSONTapeEntry(kind, start: position, length: length, next: written + 1))
        position += length
    }
}
