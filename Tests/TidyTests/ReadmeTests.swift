import Glibc
import PinpointAPI
import Postgres
import Providers
import Runtime
import Testing

/// What the README and the generated files promise is what the code has.
@Suite struct ReadmeTests {
    private static let readme = Repository.text("README.md") ?? ""

    @Test func `every path that the README names exists`() {
        let paths = Self.paths(in: Self.readme)
        #expect(paths.count > 20)
        for path in paths { #expect(Repository.exists(path), "\(path) is gone") }
    }

    @Test func `a path in the README is seen`() {
        let text = "| a | `Shared/Gone/A.swift`, `ops/x` | and `make up`, `Tests/`, `/dev/inbox`"
        #expect(Self.paths(in: text) == ["Shared/Gone/A.swift", "ops/x", "Tests/"])
    }

    @Test func `the tables of settings and providers and the list of operations that answer 501 are current`() throws {
        try Self.expectBlock("settings", Settings.markdown)
        let names = Operation.all.filter { !$0.isBuilt }.map(\.name).sorted()
        try Self.expectBlock("providers", ProviderKinds.markdown)
        try Self.expectBlock("unbuilt", names.map { "`\($0)`" }.joined(separator: ", ") + "\n")
    }

    @Test func `every migration is in the program, letter for letter`() {
        let files = Repository.migrations.map { file in
            (name: String(file.path.split(separator: "/").last?.dropLast(".sql".count) ?? ""), sql: trimmed(file.text))
        }
        #expect(Migration.all.map(\.name) == files.map(\.name))
        for (migration, file) in zip(Migration.all, files) { #expect(trimmed(migration.sql) == file.sql) }
    }

    @Test func `a block between its marks is found and replaced`() {
        let text = "a\n<!-- x -->\nold\n<!-- /x -->\nb\n"
        #expect(Self.block("x", in: text) == "old\n")
        #expect(Self.block("y", in: text) == nil)
        #expect(Self.replacing("x", with: "new\n", in: text) == "a\n<!-- x -->\nnew\n<!-- /x -->\nb\n")
    }

    private func trimmed(_ text: String) -> Substring {
        var text = text[...]
        while text.last?.isNewline == true { text.removeLast() }
        return text
    }

    /// What stands between backticks and begins with a folder of ours.
    static func paths(in text: String) -> [String] {
        let quoted = text.split(separator: "`", omittingEmptySubsequences: false).enumerated().filter {
            $0.offset % 2 == 1
        }
        let folders = ["Shared/", "Services/", "Tests/", "ops/"]
        return quoted.map(\.element).filter { word in
            folders.contains { word.hasPrefix($0) } && !word.contains(" ")
        }.map(String.init)
    }

    /// The text between `<!-- name -->` and `<!-- /name -->` is what it should be. `GOLDEN=write` makes it so.
    private static func expectBlock(_ name: String, _ expected: String) throws {
        if let mode = getenv("GOLDEN"), String(cString: mode) == "write" {
            let current = Repository.text("README.md") ?? ""
            try #require(
                replacing(name, with: expected, in: current).map { Repository.write($0, to: "README.md") } == true
            )
            return
        }
        #expect(block(name, in: readme) == expected)
    }

    static func block(_ name: String, in text: String) -> String? {
        guard let (start, end) = bounds(name, text) else { return nil }
        return String(text[start..<end])
    }

    static func replacing(_ name: String, with content: String, in text: String) -> String? {
        guard let (start, end) = bounds(name, text) else { return nil }
        return text[..<start] + content + text[end...]
    }

    private static func bounds(_ name: String, _ text: String) -> (String.Index, String.Index)? {
        guard let open = text.firstRange(of: "<!-- \(name) -->\n"), let close = text.firstRange(of: "<!-- /\(name) -->")
        else {
            return nil
        }
        return open.upperBound <= close.lowerBound ? (open.upperBound, close.lowerBound) : nil
    }
}
