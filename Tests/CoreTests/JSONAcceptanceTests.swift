import Core
import Testing

/// What is JSON and what is not, in the manner of JSONTestSuite; the tree parser and the index answer alike.
@Suite struct JSONAcceptanceTests {
    @Test(arguments: [
        "{}", "[]", "0", "-1", "-0", "1e5", "1E+5", "1.5e-3", "0.0", "123456789012345678901234567890", "true", "false",
        "null",
        #""""#, #""a""#, #""\u0041""#, #""\ud83d\ude00""#, #""\"\\\/\b\f\n\r\t""#, "\"\u{7f}\"",
        "\"\u{80}\u{7ff}\u{800}\u{ffff}\u{10000}\u{10ffff}\"",
        " \t\r\n1 \t\r\n", "[1,2 , 3]", #"{"a":1,"b":[{"c":null}]}"#, #"{"":1}"#, #"{"a":{"a":1}}"#, "[[[[]]]]",
        "[{},[]]",
        #"{"a" : 1 , "b" : 2}"#, "9223372036854775807", "-9223372036854775808", "9223372036854775808", "1e308",
        "1e-300",
        #""12345678\n12345678""#, #"{"\u0061":1,"b":2}"#, #""\ud800\udc00""#, "0e9999", "\"\u{2028}\"",
    ])
    func `valid texts are accepted`(text: String) throws {
        let tree = try JSON.parse(text)
        let index = try JSONIndex(Array(text.utf8))
        #expect(index.json(index.root) == tree)
        #expect(try JSON.parse(tree.serialized) == tree)
    }

    @Test(arguments: [
        "", " ", "{", "}", "[", "]", "[1", "[1,", "[1,]", "[,1]", "[1 2]", "{1:2}", "{\"a\"}", "{\"a\":}", "{\"a\":1,}",
        "{,}", "{\"a\" 1}",
        "{\"a\":1 \"b\":2}", "[}", "{]", "[1}", "{\"a\":1]", "nul", "nulll", "True", "tru", "NaN", "Infinity", "-",
        "+1", "01", "-01", "1.", ".5",
        "1e", "1e+", "1.e1", "0x1", "1_0", "--1", "1 2", "{} {}", "[]]", "1,", "\"", "\"a", "\"\\", "\"\\\"", "\"\\x\"",
        "\"\\u12\"", "\"\\u12G4\"",
        "\"\\ud800\"", "\"\\udc00\"", "\"\\ud800\\u0041\"", "\"\\ud800\\ud800\"", "\"\\u0000\"", "\"\u{0}\"", "\"\n\"",
        "\"\t\"", "\"\u{1f}\"",
        "'a'", "{a:1}", "/**/1", "1 // x", "\u{feff}1", "[1,\u{a0}2]", "1e400", "-1e400", "1e-400", "{\"a\":1,\"a\":2}",
        "{\"a\":1,\"\\u0061\":2}",
        "{\"x\":{\"a\":1,\"b\":2,\"a\":3}}", "\u{0}", "1\u{0}", "\u{c}1", "[\"a\" \"b\"]", "{\"a\"::1}", "{\"a\":1}}",
        "\"\\ud83d\\n\"", "\"12345678\n\"",
    ])
    func `invalid texts are refused, with an offset inside the text`(text: String) {
        let fault = #expect(throws: JSONFault.self) { try JSON.parse(text) }
        #expect(throws: JSONFault.self) { try JSONIndex(Array(text.utf8)) }
        #expect((0...text.utf8.count).contains(fault?.offset ?? -1))
    }

    @Test(
        arguments: [
            [0x80], [0xC0, 0xAF], [0xC1, 0xBF], [0xC3], [0xC3, 0x28], [0xE0, 0x80, 0xAF], [0xE0, 0x9F, 0xBF],
            [0xE2, 0x82], [0xE2, 0x28, 0xA1],
            [0xED, 0xA0, 0x80], [0xED, 0xBF, 0xBF], [0xF0, 0x80, 0x80, 0xAF], [0xF0, 0x8F, 0xBF, 0xBF],
            [0xF4, 0x90, 0x80, 0x80],
            [0xF5, 0x80, 0x80, 0x80], [0xF8, 0x88, 0x80, 0x80, 0x80], [0xFE], [0xFF], [0xF0, 0x9F, 0x98],
        ] as [[UInt8]])
    func `invalid UTF-8 is refused wherever it stands in a string`(sequence: [UInt8]) {
        for padding in 0..<20 {
            let filler = [UInt8](repeating: 0x61, count: padding)
            let text = [0x22] + filler + sequence + filler + [0x22]
            #expect(throws: JSONFault.self) { try JSON.parse(text) }
            #expect(throws: JSONFault.self) { try JSON.parse([0x7B] + text + [0x3A, 0x31, 0x7D]) }
        }
    }

    @Test func `a string may end anywhere in a machine word`() throws {
        for length in 0..<70 {
            let word = String(repeating: "x", count: length)
            #expect(try JSON.parse("\"\(word)\"") == .string(word))
            #expect(try JSON.parse("\"\(word)é\(word)\\n\"") == .string("\(word)é\(word)\n"))
            #expect(throws: JSONFault.self) { try JSON.parse("\"\(word)\u{1}\"") }
        }
    }
}

/// The bounds of a parse.
@Suite struct JSONLimitTests {
    @Test func `nesting is accepted to the limit and refused beyond it, without running out of stack`() throws {
        func nested(_ depth: Int) -> [UInt8] {
            Array(repeating: 0x5B, count: depth) + Array(repeating: 0x5D, count: depth)
        }
        _ = try JSON.parse(nested(64))
        let fault = #expect(throws: JSONFault.self) { try JSON.parse(nested(65)) }
        #expect(fault?.reason == "nested deeper than 64 levels")
        #expect(throws: JSONFault.self) { try JSON.parse(nested(100_000)) }
        #expect(throws: JSONFault.self) { try JSON.parse(Array(repeating: 0x5B, count: 100_000)) }
        let objects = String(repeating: "{\"a\":", count: 100_000)
        #expect(throws: JSONFault.self) { try JSON.parse(objects) }
    }

    @Test func `a text longer than allowed is refused`() {
        let limits = JSONLimits(depth: 4, bytes: 10, membersPerObject: 4)
        let fault = #expect(throws: JSONFault.self) { try JSON.parse("[1,2,3,4,5]", limits: limits) }
        #expect(fault?.reason == "the text is longer than 10 bytes")
    }

    @Test func `an object has a limited number of members`() throws {
        let limits = JSONLimits(depth: 4, bytes: 1 << 20, membersPerObject: 3)
        _ = try JSON.parse(#"{"a":1,"b":2,"c":3}"#, limits: limits)
        let fault = #expect(throws: JSONFault.self) { try JSON.parse(#"{"a":1,"b":2,"c":3,"d":4}"#, limits: limits) }
        #expect(fault?.reason == "an object has more than 3 members")
    }

    @Test(arguments: [2, 3, 31, 32, 33, 64, 65, 500, 9_999])
    func `a duplicate key is found in objects of every size`(count: Int) throws {
        let members = (0..<count).map { "\"key-\($0)\":\($0)" }
        let unique = "{\(members.joined(separator: ","))}"
        let object = try #require(try JSON.parse(unique).object)
        #expect(object.count == count)
        for duplicate in [0, count / 2, count - 1] {
            let text = "{\(members.joined(separator: ",")),\"key-\(duplicate)\":0}"
            let fault = #expect(throws: JSONFault.self) { try JSON.parse(text) }
            #expect(fault?.reason == "a member name appears twice")
        }
    }

    @Test func `a long number is refused`() throws {
        let fault = #expect(throws: JSONFault.self) { try JSON.parse(String(repeating: "1", count: 600)) }
        #expect(fault?.reason == "a number is longer than 512 characters")
        _ = try JSON.parse(String(repeating: "1", count: 300))
    }
}

/// Where a fault is said to be.
@Suite struct JSONFaultTests {
    @Test(arguments: [
        ("{", "", 1), ("[{", "[0]", 2), (#"{"a":{"#, "a", 6),
        (#"{"BatchItem":{"e1":{"Endpoint":{"Metrics":{"a":1e999}}}}}"#, "BatchItem.e1.Endpoint.Metrics.a", 47),
        (#"{"Item":[{"Id":"a"},{"Id":tru}]}"#, "Item[1].Id", 26),
        (#"[1,[2,x]]"#, "[1][1]", 6),
        (#"{"a":1,"b" 2}"#, "b", 11),
        (#"{"a":1} x"#, "", 8),
    ])
    func `names the path and the byte`(text: String, path: String, offset: Int) {
        let fault = #expect(throws: JSONFault.self) { try JSON.parse(text) }
        #expect(fault?.path == path)
        #expect(fault?.offset == offset)
    }

    @Test func `says what was expected`() {
        let fault = #expect(throws: JSONFault.self) { try JSON.parse(#"{"a":1 "b":2}"#) }
        #expect(fault?.description == #"expected , or }, got '"' at a (byte 7)"#)
    }
}
