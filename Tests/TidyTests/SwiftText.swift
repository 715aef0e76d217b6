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
                // By the byte first: these tests run unoptimised over a few megabytes.
                switch bytes[index] {
                case UInt8(ascii: "/") where isAt("//"): skipLineComment()
                case UInt8(ascii: "/") where isAt("/*"): skipBlockComment()
                case UInt8(ascii: "\""), UInt8(ascii: "#"):
                    if let marks = literalStart() { skipLiteral(marks) } else { emit(isCode: true) }
                default: emit(isCode: true)
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
                switch bytes[index] {
                case UInt8(ascii: "\"") where isAt(quote + fence): return emit(count: quote.utf8.count + marks)
                case UInt8(ascii: "\\") where isAt("\\\(fence)("): skipInterpolation(marks)
                case UInt8(ascii: "\\") where isAt("\\\(fence)"): emit(count: 2 + marks, isLiteral: true)
                // Not valid Swift; do not swallow the rest of the file.
                case UInt8(ascii: "\n") where quote == "\"": return
                default: emit(isLiteral: true)
                }
            }
        }

        /// Its code may hold literals of its own, with parentheses in them.
        private mutating func skipInterpolation(_ marks: Int) {
            emit(count: 2 + marks, isLiteral: true)
            var depth = 1
            while index < bytes.count, depth > 0 {
                if bytes[index] == UInt8(ascii: "\"") || bytes[index] == UInt8(ascii: "#"), let inner = literalStart() {
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
