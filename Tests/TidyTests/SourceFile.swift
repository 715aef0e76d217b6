import Glibc

/// A file of the repository, as the rules see it.
struct SourceFile: Sendable {
    /// Relative to the repository.
    let path: String
    let text: String
    /// The text with comments and string literals blanked, line for line: what a rule about code looks at.
    let code: String
    let search: SearchText

    init(_ path: String, _ text: String) {
        self.path = path
        self.text = text
        code = path.hasSuffix(".swift") ? SwiftText.code(in: text) : text
        search = SearchText(code)
    }

    var lines: [Substring] { text.split(separator: "\n", omittingEmptySubsequences: false) }

    func findings(of token: String, _ message: String) -> [Finding] {
        search.lines(with: token).map { Finding(path: path, line: $0, message: message) }
    }

    /// Written by a program; only its source is anybody's style.
    var isGenerated: Bool { path.hasSuffix(".generated.swift") || path.contains("/Generated/") }
    var isProduct: Bool { path.hasPrefix("Shared/") || path.hasPrefix("Services/") }

    /// The target's name: the second part of `Shared/Core/…`.
    var module: String {
        let parts = path.split(separator: "/")
        return parts.count > 2 ? String(parts[1]) : ""
    }
}

/// What is in the repository.
enum Repository {
    /// From this file's own place: Tests/TidyTests/SourceFile.swift.
    static let root: String = {
        let parts = #filePath.split(separator: "/")
        return "/" + parts.dropLast(3).joined(separator: "/")
    }()

    /// Every Swift file of the product and the tests.
    static let swiftFiles: [SourceFile] = ["Shared", "Services", "Tests"].flatMap { files(below: $0, suffix: ".swift") }

    static let migrations: [SourceFile] = files(below: "Shared/Postgres/Migrations", suffix: ".sql")

    static func text(_ path: String) -> String? {
        guard let file = fopen("\(root)/\(path)", "r") else { return nil }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = fread(&buffer, 1, buffer.count, file)
            guard count > 0 else { break }
            bytes += buffer.prefix(count)
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    static func write(_ text: String, to path: String) -> Bool {
        guard let file = fopen("\(root)/\(path)", "w") else { return false }
        let bytes = Array(text.utf8)
        let count = fwrite(bytes, 1, bytes.count, file)
        return fclose(file) == 0 && count == bytes.count
    }

    static func exists(_ path: String) -> Bool {
        access("\(root)/\(path)", F_OK) == 0
    }

    static func files(below folder: String, suffix: String) -> [SourceFile] {
        guard let directory = opendir("\(root)/\(folder)") else { return [] }
        defer { closedir(directory) }
        var found: [SourceFile] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            guard !name.hasPrefix(".") else { continue }
            let path = "\(folder)/\(name)"
            if entry.pointee.d_type == UInt8(DT_DIR) {
                found += files(below: path, suffix: suffix)
            } else if name.hasSuffix(suffix), let text = text(path) {
                found.append(SourceFile(path, text))
            }
        }
        return found.sorted { $0.path < $1.path }
    }
}
