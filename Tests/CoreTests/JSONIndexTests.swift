import Core
import Testing

/// Reading single values of a large text.
@Suite struct JSONIndexTests {
    let index: JSONIndex

    init() throws {
        let text =
            #"{"Name":"plain","Es\u0063":"a\nb","Count": 42 ,"Price":-1.50,"On":true,"Off":false,"No":null,"List":[1,[2,3],{"x":4}],"Last":{}}"#
        index = try JSONIndex(Array(text.utf8))
    }

    private func text(_ node: JSONNode) -> String {
        String(decoding: index.bytes[index.range(node)], as: UTF8.self)
    }

    @Test func `members are found by name, escaped or not`() throws {
        let escaped = try #require(index.member("Esc", of: index.root))
        #expect(index.string(escaped) == "a\nb")
        #expect(index.stringBytes(escaped) == Array("a\nb".utf8))
        #expect(index.plainRange(escaped) == nil)
        let name = try #require(index.member("Name", of: index.root))
        #expect(index.string(name) == "plain")
        #expect(index.plainRange(name).map { String(decoding: index.bytes[$0], as: UTF8.self) } == "plain")
        #expect(index.member("Nam", of: index.root) == nil)
        #expect(index.member("Name", of: name) == nil)
    }

    @Test func `raw slices are the text of the value`() throws {
        var slices: [String] = []
        index.forEachMember(of: index.root) { key, value in slices.append("\(text(key))=\(text(value))") }
        #expect(
            slices == [
                #""Name"="plain""#, #""Es\u0063"="a\nb""#, #""Count"=42"#, #""Price"=-1.50"#, #""On"=true"#,
                #""Off"=false"#,
                #""No"=null"#, #""List"=[1,[2,3],{"x":4}]"#, #""Last"={}"#,
            ]
        )
        #expect(text(index.root).utf8.count == index.bytes.count)
    }

    @Test func `values are read by kind`() throws {
        func member(_ name: StaticString) throws -> JSONNode { try #require(index.member(name, of: index.root)) }
        #expect(try index.int64(member("Count")) == 42)
        #expect(try index.double(member("Count")) == 42)
        #expect(try index.double(member("Price")) == -1.5)
        #expect(try index.int64(member("Price")) == nil)
        #expect(try index.bool(member("On")) == true)
        #expect(try index.bool(member("Off")) == false)
        #expect(try index.bool(member("No")) == nil)
        #expect(try index.isNull(member("No")))
        #expect(try index.string(member("Count")) == nil)
        #expect(try index.kind(member("Last")) == .object)
        #expect(try index.count(member("List")) == 3)
        #expect(index.count(index.root) == 9)
        #expect(try index.json(member("List")) == [1, [2, 3], ["x": 4]])
    }

    @Test func `elements are visited in order, and nested ones are skipped`() throws {
        let list = try #require(index.member("List", of: index.root))
        var seen: [String] = []
        index.forEachElement(of: list) { seen.append(text($0)) }
        #expect(seen == ["1", "[2,3]", #"{"x":4}"#])
    }

    @Test func `a body of many items outgrows the first tape`() throws {
        let body = "[" + Array(repeating: "1", count: 50_000).joined(separator: ",") + "]"
        let index = try JSONIndex(Array(body.utf8))
        var sum = 0
        index.forEachElement(of: index.root) { sum += Int(index.int64($0) ?? 0) }
        #expect(sum == 50_000)
        #expect(index.count(index.root) == 50_000)
    }
}
