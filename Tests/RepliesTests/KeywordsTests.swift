import Core
import Replies
import TestKit
import Testing

@Suite struct KeywordsTests {
    @Test func `the table that is compiled in is the one in ops-data`() async throws {
        let check = try ChildProcess(
            "python3", ["\(BuildPaths.repository)/ops/codegen/embed_keywords.py", "--check"])
        #expect(try await check.waitForExit(within: .seconds(60)) == 0, "\(check.output)")
    }

    @Test func `it has thirteen languages, each with words to stop, to start and for help`() throws {
        #expect(KeywordTable.standard.languages.count == 13)
        for word in [
            "STOP", "ALTO", "ARRET", "ABMELDEN", "CANCELLA", "PARAR", "AFMELDEN", "WYPISZ", "СТОП", "توقف", "停止", "退订",
            "수신거부",
        ] {
            #expect(KeywordTable.standard.has(FoldedText(word), [.stop]), "\(word)")
        }
    }

    @Test(arguments: KeywordSentences.stop)
    func `a command to stop is one in any dress`(message: String) {
        #expect(Keywords.standard.verdict(message) == .stop)
    }

    @Test(arguments: KeywordSentences.review)
    func `a sentence with a word for stopping is for somebody to look at`(message: String) {
        #expect(Keywords.standard.verdict(message) == .review)
    }

    @Test(arguments: KeywordSentences.start) func `a command to start`(message: String) {
        #expect(Keywords.standard.verdict(message) == .start)
    }

    @Test(arguments: KeywordSentences.help) func `a call for help`(message: String) {
        #expect(Keywords.standard.verdict(message) == .help)
    }

    @Test(arguments: KeywordSentences.human) func `a wish for a person`(message: String) {
        #expect(Keywords.standard.verdict(message) == .human)
    }

    @Test(arguments: KeywordSentences.yes) func `a yes`(message: String) {
        #expect([.yes, .startAgain].contains(Keywords.standard.verdict(message)))
    }

    @Test(arguments: KeywordSentences.no) func `a no`(message: String) {
        #expect(Keywords.standard.verdict(message) == .no)
    }

    @Test(arguments: KeywordSentences.none) func `anything else is a message`(message: String) {
        #expect(Keywords.standard.verdict(message) == .none)
    }

    @Test func `there are two hundred sentences`() {
        let lists = [
            KeywordSentences.stop, KeywordSentences.review, KeywordSentences.start, KeywordSentences.help,
            KeywordSentences.human, KeywordSentences.yes, KeywordSentences.no, KeywordSentences.none,
        ]
        let all = lists.flatMap { $0 }
        #expect(all.count >= 200)
        #expect(Set(all).count == all.count)
    }

    @Test(arguments: ["stop", "退订", "стоп", "parar", "توقف", "수신거부"])
    func `punctuation, case, emoji and invisible characters change nothing`(word: String) {
        let dresses: [(String) -> String] = [
            { $0.uppercased() }, { " \($0) " }, { "\($0)!!!" }, { "“\($0)”" }, { "🛑\($0)🛑" },
            { "\u{200B}\($0)\u{FEFF}" },
            { "\n\($0)\r\n" }, { "...\($0)..." }, { $0.map { "\($0)\u{200D}" }.joined() }, { "\($0) \($0)" },
            { "¡\($0)?" },
        ]
        for dress in dresses { #expect(Keywords.standard.verdict(dress(word)) == .stop, "\(dress(word))") }
    }

    @Test func `whatever stands around a stop word, it is never overlooked`() {
        var random = Seeded(7)
        let around = ["by", "the", "bus", "banana", "wir", "никогда", "です", "tomorrow", "42", "é", "✈️", "nous"]
        for _ in 0..<2000 {
            let before = (0..<Int(random.next() % 5)).map { _ in around[Int(random.next() % UInt64(around.count))] }
            let after = (0..<Int(random.next() % 5)).map { _ in around[Int(random.next() % UInt64(around.count))] }
            let message = (before + ["stop"] + after).joined(separator: " ")
            #expect([.stop, .review].contains(Keywords.standard.verdict(message)), "\(message)")
        }
    }

    @Test func `a long message costs what its length says`() {
        // Every place begins a word of the table, and none ends the message.
        let clock = ContinuousClock()
        let short = String(repeating: "stop by ", count: 100)
        let long = String(repeating: "stop by ", count: 1000)
        let first = clock.measure { for _ in 0..<50 { _ = Keywords.standard.verdict(short) } }
        let second = clock.measure { for _ in 0..<50 { _ = Keywords.standard.verdict(long) } }
        #expect(second < first * 40, "\(first) for 800 characters, \(second) for 8,000")
        let japanese = String(repeating: "配信停止してくださいお願いします", count: 12) + "よ"
        #expect(clock.measure { _ = Keywords.standard.verdict(japanese) } < .seconds(1))
    }

    private struct Seeded {
        private var state: UInt64

        init(_ seed: UInt64) { state = seed }

        mutating func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state >> 33
        }
    }
}

@Suite struct FoldedTextTests {
    @Test(arguments: [
        ("Ｓｔｏｐ！", "stop"), ("S.T.O.P.", "stop"), ("Ärger", "arger"), ("ĐÃ ĐẶNG", "da dặng"), ("don’t", "dont"),
        ("  a\tb ", "a b"),
        ("Привёт, й", "привет и"), ("ｽﾄｯﾌﾟ", "ストッフ"), ("ストップ", "ストッフ"), ("すとっぷ", "ストッフ"), ("إِلْغَاء", "الغاء"),
        ("𝐒𝐓𝐎𝐏", "stop"),
        ("Ⓢⓣⓞⓟ", "stop"), ("İptal", "iptal"), ("STRASSE", "strasse"), ("straße", "strasse"), ("", ""), ("👍🏽", ""),
        ("٨", "8"),
    ])
    func `one spelling for many`(text: String, folded: String) {
        #expect(FoldedText(text).text == folded)
    }
}
