import Core
import Testing

/// Values read and written.
@Suite struct JSONValueTests {
    @Test(arguments: [
        ("0", JSON.integer(0)), ("9223372036854775807", .integer(.max)), ("-9223372036854775808", .integer(.min)),
        ("9223372036854775808", .double(9_223_372_036_854_775_808)),
        ("-9223372036854775809", .double(-9_223_372_036_854_775_808)),
        ("1.0", .double(1)), ("1e2", .double(100)), ("19.99", .double(19.99)), ("-0.1", .double(-0.1)),
        ("0.1e1", .double(1)),
        ("123456789.123456789", .double(123_456_789.123456789)),
        ("1.7976931348623157e308", .double(.greatestFiniteMagnitude)),
        ("5e-324", .double(.leastNonzeroMagnitude)), ("0.30000000000000004", .double(0.1 + 0.2)),
        ("9007199254740993.0", .double(9_007_199_254_740_992)), ("0.000000000000000000000001", .double(1e-24)),
    ])
    func `numbers keep their value`(text: String, value: JSON) throws {
        #expect(try JSON.parse(text) == value)
        #expect(try JSON.parse(value.serialized) == value)
    }

    @Test func `names are compared byte for byte`() throws {
        let (one, two) = ("\u{E9}", "e\u{301}")
        #expect(one == two && !one.isExactly(two) && one.isExactly("\u{E9}"))
        // Same length, same letters, marks in another order.
        #expect("a\u{301}\u{323}" == "a\u{323}\u{301}" && !"a\u{301}\u{323}".isExactly("a\u{323}\u{301}"))
        #expect(two.precedesExactly(one) && !one.precedesExactly(two) && !one.precedesExactly(one))
        var object = try #require(try JSON.parse("{\"\(one)\":1,\"\(two)\":2}").object)
        #expect(object[one] == 1 && object[two] == 2)
        object[two] = 3
        #expect(object.count == 2 && object[one] == 1)
        let ids: Set<EndpointID> = [EndpointID(one), EndpointID(two), EndpointID(one)]
        #expect(ids.count == 2)
    }

    @Test func `minus zero stays minus zero`() throws {
        let value = try #require(try JSON.parse("-0").number)
        #expect(value == 0 && value.sign == .minus)
        #expect(JSON.double(value).text == "-0.0")
    }

    @Test func `random doubles read back bit for bit`() throws {
        var random = SplitMix(state: 7)
        for _ in 0..<5_000 {
            let value = Double(bitPattern: random.next())
            guard value.isFinite else { continue }
            #expect(try JSON.parse(JSON.double(value).serialized).number?.bitPattern == value.bitPattern)
        }
    }

    @Test(arguments: [
        (#""\u00e9\u4e16\ud83d\ude00""#, "é世😀"), (#""a\/b\\c\"d""#, "a/b\\c\"d"),
        (#""\b\f\n\r\t""#, "\u{8}\u{c}\n\r\t"), (#""\u001f""#, "\u{1f}"),
        (#""\uFFFF\uffff""#, "\u{ffff}\u{ffff}"), (#""\udbff\udfff""#, "\u{10ffff}"),
    ])
    func `escapes are resolved`(text: String, value: String) throws {
        #expect(try JSON.parse(text) == .string(value))
    }

    @Test func `strings are escaped only where they must be`() {
        #expect(JSON.string("a\"b\\c/d\u{1}\n\té\u{7f}😀").text == #""a\"b\\c/d\u0001\n\té\#u{7f}😀""#)
    }

    @Test func `members keep their order`() throws {
        let text = #"{"z":1,"a":[true,null,{"q":"r"}],"m":-2.5}"#
        #expect(try JSON.parse(text).text == text)
    }

    @Test func `the writer puts commas and nothing else`() {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("a")
        writer.beginArray()
        writer.int(1)
        writer.double(1368)
        writer.string(",")
        writer.beginObject()
        writer.endObject()
        writer.endArray()
        writer.key("b")
        writer.raw("{\"c\":1}".utf8)
        writer.key("d")
        writer.null()
        writer.key("e")
        writer.bool(false)
        writer.key("f")
        writer.int(Int64.min)
        writer.endObject()
        let text = String(decoding: writer.bytes, as: UTF8.self)
        #expect(text == #"{"a":[1,1368.0,",",{}],"b":{"c":1},"d":null,"e":false,"f":-9223372036854775808}"#)
    }

    @Test func `writing infinity stops the process`() async {
        await #expect(processExitsWith: .failure) { _ = JSON.double(.infinity).serialized }
    }

    @Test func `a single changed byte never crashes, and what is accepted reads the same again`() throws {
        let seeds = [
            #"{"BatchItem":{"e1":{"Endpoint":{"Address":"é\n😀","Metrics":{"a":1.5e3,"b":-0}},"Events":{"x":{"Type":"t","L":[1,2,[]]}}}}}"#,
            #"[null,true,false,"\ud83d\ude00\u0041",{"":[{}]},12345678901234567890,0.1e-7]"#,
        ]
        var random = SplitMix(state: 42)
        var accepted = 0
        for _ in 0..<20_000 {
            var text = Array(seeds[Int(random.next() % 2)].utf8)
            for _ in 0...random.next() % 3 {
                let place = Int(random.next() % UInt64(text.count))
                switch random.next() % 4 {
                case 0: text[place] = UInt8(truncatingIfNeeded: random.next())
                case 1: text.remove(at: place)
                case 2: text.insert(Array(#"{}[]",:\u0e-1"#.utf8)[Int(random.next() % 13)], at: place)
                default: text[place] ^= 1 << UInt8(random.next() % 8)
                }
            }
            let tree = Result { () throws(JSONFault) in try JSON.parse(text) }
            let index = Result { () throws(JSONFault) in try JSONIndex(text) }
            switch (tree, index) {
            case (.success(let value), .success(let index)):
                accepted += 1
                #expect(index.json(index.root) == value)
                #expect(try JSON.parse(value.serialized) == value)
                #expect(String(validating: text, as: UTF8.self) != nil)
            case (.failure(let left), .failure(let right)):
                #expect(left == right)
            case (.success, .failure), (.failure, .success):
                Issue.record("tree and index disagree on \(String(decoding: text, as: UTF8.self))")
            }
        }
        #expect(accepted > 1_000)
    }
}

/// Random numbers that are the same in every run.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
        return value ^ value >> 31
    }
}
