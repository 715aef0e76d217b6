/// Separates Swift code from its comments and string literals, well enough for searches.
enum SwiftText {
    /// The code alone: comments and the insides of string literals become spaces, line ends stay.
    static func code(in text: String) -> String {
        split(text).code
    }

    /// The insides of string literals alone (interpolations too), the rest blank.
    static func literals(in text: String) -> String {
        split(text).literals
    }

    private static func split(_ text: String) -> (code: String, literals: String) {
        var scanner = Scanner(bytes: Array(text.utf8))
        scanner.run()
        return (String(decoding: scanner.code, as: UTF8.self), String(decoding: scanner.literals, as: UTF8.self))
    }

    private struct Scanner {
        let bytes: [UInt8]
        var code: [UInt8] = []
        var literals: [UInt8] = []
        var index = 0

        init(bytes: [UInt8]) {
            self.bytes = bytes
            code.reserveCapacity(bytes.count)
            literals.reserveCapacity(bytes.count)
        }

        mutating func run() {
            while index < bytes.count {
                if isAt("//") {
                    skipLineComment()
                } else if isAt("/*") {
                    skipBlockComment()
                } else if let marks = literalStart() {
                    skipLiteral(marks)
                } else {
                    emit(isCode: true)
                }
            }
        }

        /// The number of `#` before an opening quote here, or nil.
        private func literalStart() -> Int? {
            var position = index
            while position < bytes.count, bytes[position] == UInt8(ascii: "#") { position += 1 }
            guard position < bytes.count, bytes[position] == UInt8(ascii: "\"") else { return nil }
            return position - index
        }

        private mutating func skipLineComment() {
            while index < bytes.count, bytes[index] != UInt8(ascii: "\n") { emit() }
        }

        private mutating func skipBlockComment() {
            var depth = 0
            repeat {
                if isAt("/*") {
                    depth += 1
                    emit(count: 2)
                } else if isAt("*/") {
                    depth -= 1
                    emit(count: 2)
                } else {
                    emit()
                }
            } while depth > 0 && index < bytes.count
        }

        private mutating func skipLiteral(_ marks: Int) {
            let fence = String(repeating: "#", count: marks)
            emit(count: marks)
            let quote = isAt("\"\"\"") ? "\"\"\"" : "\""
            emit(count: quote.utf8.count)
            while index < bytes.count {
                if isAt(quote + fence) { return emit(count: quote.utf8.count + marks) }
                if isAt("\\\(fence)(") {
                    skipInterpolation(marks)
                } else if isAt("\\\(fence)") {
                    emit(count: 2 + marks, isLiteral: true)
                } else if quote == "\"", bytes[index] == UInt8(ascii: "\n") {
                    return  // not valid Swift; do not swallow the rest of the file
                } else {
                    emit(isLiteral: true)
                }
            }
        }

        /// Its code may hold literals of its own, with parentheses in them.
        private mutating func skipInterpolation(_ marks: Int) {
            emit(count: 2 + marks, isLiteral: true)
            var depth = 1
            while index < bytes.count, depth > 0 {
                if let inner = literalStart() {
                    skipLiteral(inner)
                    continue
                }
                if bytes[index] == UInt8(ascii: "(") { depth += 1 }
                if bytes[index] == UInt8(ascii: ")") { depth -= 1 }
                emit(isLiteral: true)
            }
        }

        private func isAt(_ mark: String) -> Bool {
            let mark = mark.utf8
            guard index + mark.count <= bytes.count else { return false }
            return bytes[index..<(index + mark.count)].elementsEqual(mark)
        }

        private mutating func emit(count: Int = 1, isCode: Bool = false, isLiteral: Bool = false) {
            for _ in 0..<count where index < bytes.count {
                let byte = bytes[index]
                let blank = byte == UInt8(ascii: "\n") ? byte : UInt8(ascii: " ")
                code.append(isCode ? byte : blank)
                literals.append(isLiteral ? byte : blank)
                index += 1
            }
        }
    }
}

/// Searches that know where a word ends.
enum Words {
    /// The offsets (in bytes) at which the token stands as a word of its own: `print(` is not in `fingerprint(`, and a member
    /// (`.now()`) is not the function.
    static func offsets(of token: String, in text: Substring) -> [Int] {
        let haystack = Array(text.utf8)
        let needle = Array(token.utf8)
        guard let first = needle.first, haystack.count >= needle.count else { return [] }
        var found: [Int] = []
        for start in 0...(haystack.count - needle.count) where haystack[start] == first {
            guard haystack[start..<(start + needle.count)].elementsEqual(needle) else { continue }
            if isPartOfWord(first), start > 0, isPartOfWord(haystack[start - 1]) || haystack[start - 1] == UInt8(ascii: ".") {
                continue
            }
            let end = start + needle.count
            if let last = needle.last, isPartOfWord(last), end < haystack.count, isPartOfWord(haystack[end]) { continue }
            found.append(start)
        }
        return found
    }

    static func contains(_ token: String, in text: Substring) -> Bool {
        !offsets(of: token, in: text).isEmpty
    }

    static func isPartOfWord(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"): true
        default: false
        }
    }
}
