import Replies
import Testing

@Suite struct ReplyPatternTests {
    @Test(arguments: [
        ("order \\d+", "Order 4411", true), ("order \\d+", "order", false), ("order \\d+", "my order 4411", false),
        (".*order.*", "my order 4411!", true), ("a|b|c", "B", true), ("a|b|c", "ab", false), ("(ab)+", "ABAB", true),
        ("(ab)+", "aba", false),
        ("[a-c]?x", "x", true), ("[^0-9]+", "abc", true), ("[^0-9]+", "a1", false), ("\\w+", "größe", true),
        ("\\w+", "two words", false),
        ("colou?r", "color", true), ("x{2,3}", "xx", true), ("x{2,3}", "xxxx", false), ("x{2}", "xx", true),
        ("", "x", false), ("a\\.b", "a.b", true),
        ("a\\.b", "axb", false), ("  hi", "hi", false), ("hi", "  hi \n", true), ("(a|b)*c", "ababc", true),
        ("straße", "STRASSE", false),
        ("да", "ДА", true), ("[\\d-]+", "12-34", true), ("(a*)*", "aaaa", true), ("(a|)b", "b", true),
        ("\\s?x", "x", true),
    ])
    func `a pattern matches whole messages`(pattern: String, message: String, isMatch: Bool) throws {
        guard !pattern.isEmpty else {
            #expect(throws: ReplyPattern.Fault.self) { try ReplyPattern(pattern) }
            return
        }
        #expect(try ReplyPattern(pattern).matches(message) == isMatch)
    }

    @Test(arguments: [
        "(", ")", "a)", "[", "[]", "[b-a]", "*", "a**", "a{", "a{3,2}", "a{101}", "\\", "\\q",
        "((((((((((((a))))))))))))", "(a{100}){100}", String(repeating: "a", count: 201),
    ])
    func `what is no pattern is refused with a place`(pattern: String) {
        #expect(throws: ReplyPattern.Fault.self) { try ReplyPattern(pattern) }
    }

    @Test func `what makes others backtrack for ever takes no time`() throws {
        let clock = ContinuousClock()
        for pattern in ["(a+)+b", "(a|a)*b", "(.*)*x", "(a?){30}a{30}", "(x+x+)+y"] {
            let compiled = try ReplyPattern(pattern)
            let message = String(repeating: pattern.contains("x+") ? "x" : "a", count: 5000)
            let time = clock.measure { #expect(!compiled.matches(message)) }
            #expect(time < .seconds(5), "\(pattern): \(time)")
        }
    }
}
