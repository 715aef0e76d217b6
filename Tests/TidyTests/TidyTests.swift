import Testing

/// Style as a test: what a reviewer would otherwise have to look for.
@Suite struct TidyTests {
    @Test func `the repository was found`() {
        #expect(Repository.swiftFiles.count > 100)
        #expect(Repository.migrations.count >= 8)
    }

    @Test func `imports point from services down to Core, and only L1 imports C`() {
        expectNone(Repository.swiftFiles.flatMap(ImportRule.findings))
    }

    @Test(arguments: TokenRule.all)
    func `a banned word stands nowhere but where it is allowed`(rule: TokenRule) {
        expectNone(Repository.swiftFiles.filter { !$0.path.hasPrefix("Tests/TidyTests/") }.flatMap(rule.findings))
    }

    @Test func `what the compiler does not check says who guards it`() {
        expectNone(Repository.swiftFiles.filter { !$0.path.hasPrefix("Tests/TidyTests/") }.flatMap(SafetyRule.findings))
    }

    @Test func `no SQL uses the database's clock for business time`() {
        expectNone((Repository.swiftFiles + Repository.migrations).flatMap(BusinessTimeRule.findings))
    }

    @Test func `files and functions fit on a page and are named for a noun`() {
        expectNone(Repository.swiftFiles.flatMap(SizeRule.findings))
    }
}

/// Each rule catches what it is for, and leaves alone what only looks like it.
@Suite struct TidyRuleTests {
    private func findings(_ rule: (SourceFile) -> [Finding], _ path: String, _ text: String) -> [Int] {
        rule(SourceFile(path, text)).map(\.line)
    }

    @Test func `an import against the direction is found`() {
        #expect(findings(ImportRule.findings, "Shared/Core/A.swift", "import Glibc\npackage import Runtime\n") == [2])
        #expect(findings(ImportRule.findings, "Shared/Model/Apps/A.swift", "import Access") == [1])
        #expect(findings(ImportRule.findings, "Shared/Model/Apps/A.swift", "import CPostgres") == [1])
        #expect(findings(ImportRule.findings, "Services/IngestAPI/A.swift", "import SegmentService") == [1])
        #expect(findings(ImportRule.findings, "Services/IngestAPI/A.swift", "import struct CLinux.epoll_event") == [1])
        #expect(findings(ImportRule.findings, "Shared/Queue/A.swift", "internal import Foundation") == [1])
        #expect(findings(ImportRule.findings, "Shared/Newcomer/A.swift", "import Core") == [1])
        #expect(
            findings(ImportRule.findings, "Services/IngestAPI/A.swift", "import Model\nimport Core // import Foo\n")
                == []
        )
        #expect(findings(ImportRule.findings, "Shared/Postgres/A.swift", "import CPostgres\nimport EventLoop") == [])
    }

    @Test(arguments: TokenRule.all)
    func `each banned word is found in code, not in a comment, a text or a longer word`(rule: TokenRule) {
        let bad = "let x = 1\n    \(rule.token) 1\n"
        #expect(findings(rule.findings, "Shared/Queue/A.swift", bad) == [2])
        #expect(
            findings(
                rule.findings,
                "Shared/Queue/A.swift",
                "// \(rule.token)\n/* \(rule.token) */ let a = \"\(rule.token)\""
            ) == []
        )
        #expect(findings(rule.findings, "Shared/Queue/A.generated.swift", bad) == [])
        if !rule.token.hasPrefix(".") {
            #expect(findings(rule.findings, "Shared/Queue/A.swift", "let x = my\(rule.token) 1") == [])
        }
        for path in rule.allowed { #expect(findings(rule.findings, path + "A.swift", bad) == []) }
        #expect(findings(rule.findings, "Tests/CoreTests/A.swift", bad).isEmpty != rule.isForTests)
    }

    @Test(arguments: SafetyRule.tokens)
    func `an unchecked promise without its sentence is found`(token: String) {
        let far = String(repeating: "\n", count: 8)
        #expect(findings(SafetyRule.findings, "Shared/Queue/A.swift", "final class A: \(token) {}") == [1])
        #expect(
            findings(SafetyRule.findings, "Shared/Queue/A.swift", "// SAFETY: guarded by x.\(far)\(token) let a = 1")
                == [9]
        )
        #expect(
            findings(SafetyRule.findings, "Shared/Queue/A.swift", "// SAFETY: guarded by x.\n\(token) let a = 1") == []
        )
        #expect(findings(SafetyRule.findings, "Shared/Queue/A.swift", "/// Never \(token).\n") == [])
    }

    @Test(arguments: BusinessTimeRule.tokens)
    func `the database's clock in SQL is found`(token: String) {
        let upper = token.uppercased()
        #expect(
            findings(BusinessTimeRule.findings, "Shared/Queue/A.swift", "let a: SQL = \"\"\"\nSELECT \(upper)\n\"\"\"")
                == [2]
        )
        #expect(
            findings(BusinessTimeRule.findings, "Shared/Postgres/Migrations/1.sql", "a timestamptz DEFAULT \(token),")
                == [1]
        )
        #expect(
            findings(BusinessTimeRule.findings, "Shared/Postgres/Migrations/1.sql", "-- no \(token)\nSELECT 1") == []
        )
        #expect(findings(BusinessTimeRule.findings, "Shared/Queue/A.swift", "let a = \(token) // \(token)") == [])
    }

    @Test func `a value of business time bound into SQL is not the database's clock`() {
        let text = #"let a: SQL = "WHERE due_at <= \(environment.now()) AND x > clock_timestamp()""#
        #expect(findings(BusinessTimeRule.findings, "Shared/Queue/A.swift", text) == [])
    }

    @Test func `long files, long functions and vague names are found`() {
        let body = { (lines: Int) in "func a(x: Int = { 1 }()) {\n\(String(repeating: "x\n", count: lines - 2))}\n" }
        #expect(findings(SizeRule.findings, "Shared/Queue/A.swift", body(70)) == [])
        #expect(findings(SizeRule.findings, "Shared/Queue/A.swift", "\n" + body(71)) == [2])
        #expect(
            findings(
                SizeRule.findings,
                "Shared/Queue/A.swift",
                "struct A {\n init?(a: Int) throws(F) {\n" + String(repeating: "x\n", count: 70) + "}}"
            ) == [2]
        )
        let requirement =
            "protocol P { func a() -> Int\n var b: Int { get } }\n" + String(repeating: "let x = 1\n", count: 80)
        #expect(findings(SizeRule.findings, "Shared/Queue/A.swift", requirement) == [])
        #expect(findings(SizeRule.findings, "Shared/Queue/A.swift", String(repeating: "\n", count: 500)) == [501])
        #expect(findings(SizeRule.findings, "Shared/Queue/StringUtils.swift", "") == [1])
    }

    @Test func `literals and comments are told from code`() {
        let text = ##"""
            let a = "x \("inner" + f(1)) y" + #"raw " \(no) "# // c
            let b = """
            text "quoted" \(c)
            """ /* one /* two */ three */ + d
            """##
        #expect(
            SwiftText.code(in: text).split { $0 == " " || $0 == "\n" }.joined(separator: " ") == "let a = + let b = + d"
        )
        #expect(SwiftText.literals(in: text).contains("quoted"))
        #expect(SwiftText.code(in: text).count { $0 == "\n" } == text.count { $0 == "\n" })
    }
}
