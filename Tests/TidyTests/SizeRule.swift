/// What does not fit on a page is several things.
enum SizeRule {
    static let linesPerFile = 500
    static let linesPerFunction = 70
    static let vagueNames = ["Utils", "Utilities", "Helper", "Helpers", "Common", "Manager", "Misc"]

    static func findings(in file: SourceFile) -> [Finding] {
        guard !file.isGenerated else { return [] }
        var findings: [Finding] = []
        let count = file.lines.count
        if count > linesPerFile {
            findings.append(Finding(path: file.path, line: count, message: "\(count) lines; split the file by noun"))
        }
        let name = file.path.split(separator: "/").last.map { $0.dropLast(".swift".count) } ?? ""
        // Handlebars calls its functions helpers: there the word is the noun.
        let isHandlebars =
            file.path.hasPrefix("Shared/Templates/Helpers/") || file.path.hasPrefix("Tests/TemplatesTests/")
        if !isHandlebars, let vague = vagueNames.first(where: { name == $0 || name.hasSuffix($0) }) {
            findings.append(Finding(path: file.path, line: 1, message: "\"\(vague)\" names no noun"))
        }
        return findings + longFunctions(in: file)
    }

    private static func longFunctions(in file: SourceFile) -> [Finding] {
        functions(in: file).compactMap { function in
            guard function.lines > linesPerFunction else { return nil }
            return Finding(
                path: file.path,
                line: function.line,
                message: "a function of \(function.lines) lines; split it"
            )
        }
    }

    /// Line of the keyword and number of lines from `{` to `}`, of every function and initializer with a body.
    static func functions(in file: SourceFile) -> [(line: Int, lines: Int)] {
        let bytes = Array(file.code.utf8)
        var found: [(Int, Int)] = []
        for keyword in ["func", "init", "deinit", "subscript"] {
            for start in file.search.offsets(of: keyword) {
                guard let open = bodyStart(bytes, after: start + keyword.utf8.count), let close = closing(bytes, open)
                else {
                    continue
                }
                found.append((file.search.line(at: start), 1 + bytes[open..<close].count { $0 == UInt8(ascii: "\n") }))
            }
        }
        return found
    }

    /// The body's `{`, or nil for a requirement of a protocol (the next declaration or the end of the protocol comes first)
    /// and for a call (`init` as a word inside an expression).
    private static func bodyStart(_ bytes: [UInt8], after start: Int) -> Int? {
        let stops: Set<String> = [
            "func", "var", "let", "init", "subscript", "associatedtype", "typealias", "case", "return",
        ]
        var depth = 0
        var word: [UInt8] = []
        for index in start..<bytes.count {
            let byte = bytes[index]
            if SearchText.isPartOfWord(byte) {
                word.append(byte)
                continue
            }
            if depth == 0, !word.isEmpty, stops.contains(String(decoding: word, as: UTF8.self)) { return nil }
            word = []
            switch byte {
            case UInt8(ascii: "("), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: ")"), UInt8(ascii: "]"):
                depth -= 1
                if depth < 0 { return nil }
            case UInt8(ascii: "{") where depth == 0: return index
            case UInt8(ascii: "}") where depth == 0, UInt8(ascii: ";") where depth == 0: return nil
            default: break
            }
        }
        return nil
    }

    private static func closing(_ bytes: [UInt8], _ open: Int) -> Int? {
        var depth = 0
        for index in open..<bytes.count {
            if bytes[index] == UInt8(ascii: "{") { depth += 1 }
            if bytes[index] == UInt8(ascii: "}") {
                depth -= 1
                if depth == 0 { return index }
            }
        }
        return nil
    }
}
