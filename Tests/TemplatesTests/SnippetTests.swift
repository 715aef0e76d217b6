import Core
import Templates
import Testing

@Suite struct SnippetTests {
    private func text(_ source: String, _ snippets: [String: String], _ data: JSON = [:]) throws -> String {
        let program = try TemplateProgram.compile(source, snippets: snippets)
        var output: [UInt8] = []
        try program.render(JSONScope(data), environment: .fixed, escaping: .html, into: &output)
        return String(decoding: output, as: UTF8.self)
    }

    private func fault(_ source: String, _ snippets: [String: String], _ data: JSON = [:]) -> TemplateFault? {
        do {
            _ = try text(source, snippets, data)
            return nil
        } catch {
            return error as? TemplateFault
        }
    }

    static let people: JSON = [
        "dudes": [["name": "Yehuda", "url": "y"], ["name": "Alan", "url": "a"]], "name": "root", "foo": "bar",
    ]

    static let rows: [(String, [String: String], String)] = [
        ("Hi {{> who}}!", ["who": "{{name}}"], "Hi root!"),
        ("{{#each dudes}}{{> dude}}{{/each}}", ["dude": "{{name}} ({{url}}) "], "Yehuda (y) Alan (a) "),
        ("{{> dude dudes}}", ["dude": "{{#each this}}{{name}} {{/each}}"], "Yehuda Alan "),
        ("{{> dude dudes.[1] name='own'}}", ["dude": "{{name}} {{url}}"], "own a"),
        ("{{> dude \"text\"}}", ["dude": "{{.}}"], "text"),
        ("{{> dude nobody}}", ["dude": "{{name}}Empty"], "Empty"),
        ("{{#each dudes}}{{> dude others=..}}{{/each}}", ["dude": "{{others.foo}}{{name}} "], "barYehuda barAlan "),
        ("{{#each dudes}}{{> a}}{{/each}}", ["a": "{{name}} {{> b}} ", "b": "<{{url}}>"], "Yehuda <y> Alan <a> "),
        ("{{> a}}{{> a}}", ["a": "[{{> b}}]", "b": "b"], "[b][b]"),
        // A snippet stands outside: it sees the root, and nothing around its caller.
        ("{{#each dudes}}{{> a}}{{/each}}", ["a": "{{@root.name}}{{../name}}{{@index}},"], "root0,root1,"),
        ("{{#with dudes as |d|}}{{> a}}{{/with}}", ["a": "{{d.length}}{{length}}"], "2"),
        // Inline partials come first, where they hold.
        ("{{#*inline \"a\"}}own{{/inline}}{{> a}}", ["a": "shared"], "own"),
        (
            "{{> a}}{{#with dudes}}{{#*inline \"a\"}}own{{/inline}}{{> a}}{{/with}}{{> a}}", ["a": "shared "],
            "shared ownshared "
        ),
        // Partial blocks.
        ("{{#> a}}fallback{{/a}}", ["a": "snippet"], "snippet"),
        ("{{#> a}}fallback{{/a}}", ["b": "snippet"], "fallback"),
        ("{{#> a}}{{name}}{{/a}}", ["a": "<{{> @partial-block}} {{> @partial-block}}>"], "<root root>"),
        ("{{#> layout}}{{#*inline \"body\"}}mine{{/inline}}{{/layout}}", ["layout": "[{{> body}}]"], "[mine]"),
        (
            "{{#> outer}}{{name}}{{/outer}}",
            [
                "outer": "<o>{{#> nested}}<b>{{> @partial-block}}</b>{{/nested}}{{> @partial-block}}</o>",
                "nested": "<n>{{> @partial-block}}</n>",
            ], "<o><n><b>root</b></n>root</o>"
        ),
        // Whitespace: a call alone on its line goes with it, and indents what it prints.
        ("a\n  {{> p}}\nb", ["p": "x\ny\n"], "a\n  x\n  y\nb"),
        ("foo {{~> p~}} ", ["p": "bar"], "foobar"),
        // A computed name finds what the source names elsewhere.
        ("{{> (lookup this \"foo\")}}{{#if no}}{{> bar}}{{/if}}", ["bar": "x"], "x"),
        ("{{#if no}}{{> gone-by}}{{/if}}-", ["gone-by": "x"], "-"),
        // A tree: a snippet may call itself under a condition.
        (
            "{{> tree t}}", ["tree": "{{n}}{{#each c}}{{> tree}}{{/each}}"], "123"
        ),
    ]

    @Test func `snippets are partials from outside of the template`() throws {
        var data = try #require(Self.people.object)
        data["t"] = ["n": 1, "c": [["n": 2], ["n": 3]]]
        for (source, snippets, expected) in Self.rows {
            #expect(try text(source, snippets, .object(data)) == expected, "\(source)")
        }
    }

    @Test func `a fault in a snippet says so, with its line there`() {
        let unclosed = fault("\n\n{{> a}}", ["a": "\n {{#if x}}"])
        #expect(unclosed?.description.hasPrefix("line 2, column 2: in the snippet \"a\": the block {{#if}}") == true)
        let missing = fault("{{> a}}", ["a": "{{> b}}"])
        #expect(
            missing?.message
                == "in the snippet \"a\": the partial \"b\" is not defined in this template, and there is no snippet of that name"
        )
        let value = fault("x\n{{> a}}", ["a": "\n\n{{add name 1}}"], Self.people)
        #expect(value?.kind == .value)
        #expect(value?.line == 3)
        #expect(value?.message.hasPrefix("in the snippet \"a\": add") == true)
        #expect(fault("{{add name 1}}{{> a}}", ["a": "x"], Self.people)?.message.hasPrefix("add") == true)
    }

    @Test func `snippets that include each other without end are refused`() {
        #expect(fault("{{> a}}", ["a": "{{> a}}"])?.kind == .syntax)
        let cycle = fault("{{> a}}", ["a": "{{> b}}", "b": "{{> c}}", "c": "{{> a}}"])
        #expect(cycle?.kind == .syntax)
        #expect(cycle?.message == "the snippet \"a\" includes itself without end, through \"c\"")
        #expect(fault("{{> a}}", ["a": "{{#if name}}{{> b}}{{/if}}", "b": "{{> a}}"], Self.people)?.kind == .budget)
        #expect(fault("{{> a}}", ["a": "{{#if no}}{{> b}}{{/if}}", "b": "{{> a}}"], Self.people) == nil)
    }

    @Test func `template and snippets have one limit together`() {
        let half = String(repeating: "x", count: TemplateProgram.maximumSourceLength / 2)
        #expect(fault("{{> a}}", ["a": half, "b": half]) == nil)
        #expect(fault("{{> a}}{{> b}}", ["a": half, "b": half])?.message.contains("longer than") == true)
    }

    @Test func `the names of partials are those that have to be looked up`() throws {
        let source = """
            {{> b}}{{#> a}}{{> c}}{{/a}}{{#*inline "d"}}{{> e}}{{/inline}}{{> d}}{{> (lookup this "x")}}{{> @partial-block}}
            {{! {{> f}} }}\\{{> g}}{{{{raw}}}}{{> h}}{{{{/raw}}}}{{> 'i j'}}
            """
        #expect(try TemplateProgram.partialNames(in: source) == ["a", "b", "c", "d", "e", "i j"])
    }

    @Test func `variables of snippets are listed too`() throws {
        let program = try TemplateProgram.compile(
            "{{Address}}{{> a}}", snippets: ["a": "{{User.UserId}}", "b": "{{no}}"])
        #expect(program.variables == ["Address", "User.UserId"])
    }
}
