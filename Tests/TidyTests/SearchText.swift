import Glibc

/// A text to look for words in, quickly: these tests run unoptimised, so that the search itself is the C library's.
struct SearchText: Sendable {
    /// Ends in NUL.
    private let bytes: [CChar]

    init(_ text: String) {
        bytes = Array(text.utf8CString)
    }

    /// The offsets at which the token stands as a word of its own: `print(` is not in `fingerprint(`, and a member
    /// (`.now()`) is not the function.
    func offsets(of token: String) -> [Int] {
        let needle = Array(token.utf8)
        guard let first = needle.first, let last = needle.last else { return [] }
        return bytes.withUnsafeBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return [] }
            var found: [Int] = []
            var start = 0
            while let hit = strstr(base + start, token) {
                let offset = UnsafePointer(hit) - base
                start = offset + 1
                let before = offset > 0 ? UInt8(bitPattern: base[offset - 1]) : 0
                let after = UInt8(bitPattern: base[offset + needle.count])
                if Self.isPartOfWord(first), Self.isPartOfWord(before) || before == UInt8(ascii: ".") { continue }
                if Self.isPartOfWord(last), Self.isPartOfWord(after) { continue }
                found.append(offset)
            }
            return found
        }
    }

    /// The lines (from 1) on which the token stands; a line with two of them once.
    func lines(with token: String) -> [Int] {
        var lines: [Int] = []
        for line in offsets(of: token).map(line) where lines.last != line { lines.append(line) }
        return lines
    }

    func line(at offset: Int) -> Int {
        1 + bytes[..<offset].count { $0 == CChar(bitPattern: UInt8(ascii: "\n")) }
    }

    static func isPartOfWord(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"): true
        default: false
        }
    }
}
