import Core
import Templates
import Testing

@Suite struct LanguageTests {
    static let expressions: [Case] = [
        Case("", [:], ""),
        Case("Hello {{name}}!", ["name": "Ann"], "Hello Ann!"),
        Case("{{a.b.c}}|{{a/b/c}}|{{a.b.[c]}}", ["a": ["b": ["c": 1]]], "1|1|1"),
        Case("{{missing}}|{{a.missing.deep}}", ["a": "x"], "|"),
        Case("{{{a}}}|{{&a}}|{{a}}", ["a": "<b>"], "<b>|<b>|&lt;b&gt;"),
        Case("{{a}}", ["a": "& < > \" ' ` ="], "&amp; &lt; &gt; &quot; &#x27; &#x60; &#x3D;"),
        Case("{{a}}{{b}}{{c}}{{d}}{{e}}", ["a": true, "b": false, "c": 0, "d": 1.5, "e": nil], "truefalse01.5"),
        Case("{{a}} {{b}} {{c}}", ["a": 1e21, "b": 0.00001, "c": 3.0], "1e+21 0.00001 3"),
        Case("{{a}}", ["a": ["x", "y", 1, ["z", nil]]], "x,y,1,z,"),
        Case("{{a}}", ["a": ["b": 1]], "[object Object]"),
        Case("{{a.[0]}}{{a.1}}{{a.length}}{{a.[9]}}", ["a": ["x", "y"]], "xy2"),
        Case("{{User.[Last Name].[0]}}", ["User": ["Last Name": ["Lee"]]], "Lee"),
        Case("{{[foo bar]}}{{\"foo bar\"}}{{'foo bar'}}", ["foo bar": "x"], "xxx"),
        Case("{{12}}{{true}}{{null}}", ["12": "n", "true": "t", "null": "u"], "ntu"),
        Case("{{this.name}}{{./name}}{{this}}", ["name": "x"], "xx[object Object]"),
        Case("{{this.now}}", ["now": "field"], "field"),
        Case("{{!a comment}}x{{!-- with }} inside --}}y{{!--~}} --}}z", [:], "xyz"),
        Case("\\{{name}} {{name}} \\\\{{name}}", ["name": "x"], "{{name}} x \\x"),
        Case("a\\{{b}}c\\{{d}}", [:], "a{{b}}c{{d}}"),
        Case("}} { {x}", [:], "}} { {x}"),
        Case("{{  name  }}{{\nname\n}}", ["name": "x"], "xx"),
        Case("{{naïve}}{{a-b}}{{$x}}{{a:b}}", ["naïve": 1, "a-b": 2, "$x": 3, "a:b": 4], "1234"),
        Case(
            "{{lookup a \"b\"}}{{lookup this k}}{{lookup l 1}}", ["a": ["b": 1], "k": "v", "v": 2, "l": [7, 8]], "128"),
        Case("{{(lookup a 'b')}}", ["a": ["b": 1]], "1"),
        Case("{{upper (lower \"JANE\")}}{{capitalizeFirst (lower \"JANE\")}}", [:], "JANEJane"),
        Case("{{upper \"a\\\"b\"}}{{{upper 'c\\'d'}}}", [:], "A&quot;BC'D"),
        Case("{{log \"x\"}}{{log}}", [:], ""),
        Case("{{{{raw}}}} {{a}} {{{{/raw}}}}|", ["raw": true], " {{a}} |"),
        Case("{{{{raw}}}}{{{{x}}}}{{{{/x}}}}{{{{/raw}}}}", ["raw": true], "{{{{x}}}}{{{{/x}}}}"),
    ]

    static let blocks: [Case] = [
        Case("{{#if a}}y{{else}}n{{/if}}", ["a": "false"], "y"),
        Case("{{#if a}}y{{else}}n{{/if}}", ["a": ""], "n"),
        Case("{{#if a}}y{{else}}n{{/if}}", ["a": []], "n"),
        Case("{{#if a}}y{{else}}n{{/if}}", ["a": [:]], "y"),
        Case("{{#if a}}y{{else}}n{{/if}}", ["a": 0], "n"),
        Case("{{#if a includeZero=true}}y{{else}}n{{/if}}", ["a": 0], "y"),
        Case("{{#if a}}y{{^}}n{{/if}}", [:], "n"),
        Case("{{#unless a}}n{{else}}y{{/unless}}", ["a": 1], "y"),
        Case("{{#unless a}}n{{/unless}}", [:], "n"),
        Case("{{#if this}}y{{/if}}", [:], "y"),
        Case("{{#if a}}1{{else if b}}2{{else if c}}3{{else}}4{{/if}}", ["c": true], "3"),
        Case("{{#if a}}1{{else if b}}2{{else if c}}3{{else}}4{{/if}}", [:], "4"),
        Case("{{#if a}}1{{else unless b}}2{{/if}}", [:], "2"),
        Case("{{#if a}}1{{else each b}}{{this}}{{else}}none{{/if}}", ["b": [5, 6]], "56"),
        Case(
            "{{#each a}}{{@index}}{{this}}{{#if @first}}f{{/if}}{{#if @last}}l{{/if}},{{/each}}", ["a": ["x", "y"]],
            "0xf,1yl,"),
        Case("{{#each a}}{{@key}}={{this}};{{/each}}", ["a": ["x": 1, "y": 2]], "x=1;y=2;"),
        Case("{{#each a}}x{{else}}none{{/each}}", ["a": []], "none"),
        Case("{{#each a}}x{{else}}none{{/each}}", ["a": "text"], "none"),
        Case("{{#each a}}{{name}}{{../name}}{{/each}}", ["name": "r", "a": [["name": "x"], [:]]], "xrr"),
        Case(
            "{{#each a}}{{#each this}}{{this}}{{@../index}}{{@index}}{{../../z}} {{/each}}{{/each}}",
            ["z": "!", "a": [["x"], ["y"]]], "x00! y10! "),
        Case("{{#each a as |item i|}}{{i}}{{item.n}}{{n}}{{/each}}", ["a": [["n": "x"]]], "0xx"),
        Case("{{#each a as |x|}}{{#each x as |y|}}{{x.length}}{{y}}{{/each}}{{/each}}", ["a": [[1, 2]]], "2122"),
        Case("{{#each a as |upper|}}{{upper}}{{/each}}", ["a": ["q"]], "q"),
        Case("{{#each this}}{{@key}}{{/each}}", ["a": 1, "b": 2], "ab"),
        Case("{{#each a}}{{@root.n}}{{/each}}", ["n": "r", "a": [1, 2]], "rr"),
        Case("{{#with a}}{{b}}{{../c}}{{/with}}", ["a": ["b": 1], "c": 2], "12"),
        Case("{{#with a}}{{b}}{{else}}none{{/with}}", [:], "none"),
        Case("{{#with a as |x|}}{{x.b}}{{/with}}", ["a": ["b": 1]], "1"),
        Case("{{#with a}}{{#with b}}{{../../n}}{{/with}}{{/with}}", ["n": "r", "a": ["b": ["c": 1]]], "r"),
        Case("{{#with a}}{{#if b}}{{../n}}{{/if}}{{/with}}", ["n": "r", "a": ["b": 1]], "r"),
        Case("{{#a}}{{b}}{{/a}}", ["a": ["b": 1]], "1"),
        Case("{{#a}}{{b}}{{/a}}", ["a": [["b": 1], ["b": 2]]], "12"),
        Case("{{#a}}{{b}}{{else}}none{{/a}}", ["a": false], "none"),
        Case("{{#a}}{{b}}{{/a}}", ["a": true, "b": "same"], "same"),
        Case("{{^a}}none{{/a}}{{^b}}none{{/b}}", ["b": 1], "none"),
        Case("{{^a}}none{{else}}some{{/a}}", ["a": true], "some"),
        Case("{{#this}}{{a}}{{/this}}", ["a": 1], "1"),
        Case("{{#eq a \"1\"}}y{{else}}n{{/eq}}{{#gt a 5}}y{{else}}n{{/gt}}", ["a": 1], "yn"),
        Case("{{#if (and a (not b))}}y{{/if}}", ["a": 1], "y"),
        Case("{{#if (eq a \"x\")}}1{{else if (gt b 3)}}2{{/if}}", ["b": 4], "2"),
    ]

    static let partials: [Case] = [
        Case("{{#*inline \"p\"}}[{{a}}]{{/inline}}{{> p}}{{> p}}", ["a": 1], "[1][1]"),
        Case("{{> p}}{{#*inline \"p\"}}x{{/inline}}", [:], "x"),
        Case("{{#*inline \"p\"}}{{a}}{{/inline}}{{> p b}}", ["b": ["a": 2]], "2"),
        Case("{{#*inline \"p\"}}{{a}}{{c}}{{/inline}}{{> p a=\"h\"}}", ["a": 1, "c": 3], "h3"),
        Case("{{#*inline \"p\"}}{{a}}{{u.n}}{{/inline}}{{> p b u=this}}", ["n": "r", "b": ["a": 2]], "2r"),
        Case(
            "{{#*inline \"p\"}}{{this}}{{../n}}{{/inline}}{{#each l}}{{> p}}{{/each}}", ["n": "-", "l": [1, 2]], "1-2-"),
        Case(
            "{{#*inline \"p\"}}1{{/inline}}{{#with a}}{{#*inline \"p\"}}2{{/inline}}{{> p}}{{/with}}{{> p}}",
            ["a": [:]], "21"),
        Case("{{#*inline \"a\"}}x{{/inline}}{{> (lookup this \"n\")}}", ["n": "a"], "x"),
        Case("{{#*inline \"l\"}}<{{> @partial-block}}>{{/inline}}{{#> l}}{{a}}{{/l}}", ["a": 1], "<1>"),
        Case("{{#> nowhere}}fallback {{a}}{{/nowhere}}", ["a": 1], "fallback 1"),
        Case("{{#*inline \"l\"}}<{{> c}}>{{/inline}}{{#> l}}{{#*inline \"c\"}}in{{/inline}}{{/l}}", [:], "<in>"),
        Case(
            "{{#*inline \"o\"}}({{> @partial-block}}){{/inline}}{{#*inline \"i\"}}{{#> o}}[{{> @partial-block}}]{{/o}}{{/inline}}{{#> i}}x{{/i}}",
            [:], "([x])"),
        Case(
            "{{#*inline \"l\"}}{{#with c}}{{> @partial-block}}{{/with}}{{/inline}}{{#> l}}{{v}}{{/l}}",
            ["v": "out", "c": ["v": "in"]], "in"),
        Case(
            "{{#*inline \"t\"}}{{n}}{{#each c}}{{> t}}{{/each}}{{/inline}}{{> t}}",
            ["n": 1, "c": [["n": 2, "c": [["n": 3]]], ["n": 4]]], "1234"),
        Case("{{#*inline 'p'}}{{@index}}{{/inline}}{{#each l}}{{> p}}{{/each}}", ["l": [7, 7]], "01"),
    ]

    static let whitespace: [Case] = [
        Case("a\n{{#if x}}\nb\n{{/if}}\nc\n", ["x": 1], "a\nb\nc\n"),
        Case("a\n  {{#if x}}  \n  b\n  {{else}}\n  d\n  {{/if}}\nc", ["x": 1], "a\n  b\nc"),
        Case("a\n  {{#if x}}  \n  b\n  {{else}}\n  d\n  {{/if}}\nc", [:], "a\n  d\nc"),
        Case("a\r\n{{#if x}}\r\nb\r\n{{/if}}\r\nc", ["x": 1], "a\r\nb\r\nc"),
        Case("{{#if x}}\nb\n{{/if}}", ["x": 1], "b\n"),
        Case("{{#if x}} b {{/if}}", ["x": 1], " b "),
        Case("a {{#if x}}\nb{{/if}}", ["x": 1], "a \nb"),
        Case("{{#if a}}\n1\n{{else if b}}\n2\n{{else}}\n3\n{{/if}}\n", ["b": 1], "2\n"),
        Case("{{#if a}}\n1\n{{else if b}}\n2\n{{else}}\n3\n{{/if}}\n", [:], "3\n"),
        Case("a\n{{! note }}\nb", [:], "a\nb"),
        Case("a\n{{!-- note --}} x\nb", [:], "a\n x\nb"),
        Case("a\n{{x}}\nb", ["x": 1], "a\n1\nb"),
        Case("a  {{~x~}}  b", ["x": 1], "a1b"),
        Case("a \n {{~#if x~}} \n b \n {{~/if~}} \n c", ["x": 1], "abc"),
        Case("{{#if x~}} a {{~^~}} b {{~/if}}", [:], "b"),
        Case("{{#if x~}} a {{~else~}} b {{~/if}}", ["x": 1], "a"),
        Case("{{#if x}} a {{~else if y~}} b {{else}} c {{~/if}}", ["y": 1], "b "),
        Case("a {{~! note ~}} b", [:], "ab"),
        Case("a {{~!-- note --~}} b", [:], "ab"),
        Case("a {{~{x}~}} b", ["x": "<"], "a<b"),
        Case("a {{~&x~}} b", ["x": "<"], "a<b"),
        Case("a {{~> p~}} b{{#*inline \"p\"}} x {{/inline}}", [:], "a x b"),
        Case("{{#*inline \"p\"}}\nx\n{{/inline}}\na\n  {{> p}}\nb", [:], "a\n  x\nb"),
        Case("{{#*inline \"p\"}}\nx\ny\n{{/inline}}\n  {{> p}}\nb", [:], "  x\n  y\nb"),
        Case("{{#*inline \"p\"}}\nx\n{{/inline}}\na {{> p}} b", [:], "a x\n b"),
        Case("{{#each l}}\n- {{this}}\n{{/each}}\n", ["l": [1, 2]], "- 1\n- 2\n"),
        Case("{{#each l}}\n{{#if this}}\n{{this}}\n{{/if}}\n{{/each}}\n", ["l": [1, 0, 2]], "1\n2\n"),
    ]

    @Test(arguments: expressions)
    func `expressions print as in Handlebars`(_ row: Case) throws {
        #expect(try render(row.source, row.data) == row.expected)
    }

    @Test(arguments: blocks)
    func `blocks choose, repeat and scope as in Handlebars`(_ row: Case) throws {
        #expect(try render(row.source, row.data) == row.expected)
    }

    @Test(arguments: partials)
    func `inline partials and partial blocks work as in Handlebars`(_ row: Case) throws {
        #expect(try render(row.source, row.data) == row.expected)
    }

    @Test(arguments: whitespace)
    func `lines of lone tags and whitespace next to tildes go away`(_ row: Case) throws {
        #expect(try render(row.source, row.data) == row.expected)
    }

    @Test func `text parts are printed without escaping`() throws {
        #expect(try render("{{a}}", JSONScope(["a": "<&>"]), escaping: .none) == "<&>")
    }

    @Test func `in JSON a value cannot leave its string, and three braces leave it alone`() throws {
        let nasty = "a\"b\\c\nd</é\u{1}"
        let scope = JSONScope(["v": .string(nasty), "n": 3, "raw": "{\"x\":[1]}", "list": ["\"", "y"]])
        let source = #"{"v":"{{v}}","n":{{n}},"raw":{{{raw}}},"list":"{{list}}"}"#
        let text = try render(source, scope, escaping: .json)
        let parsed = try JSON.parse(text)
        #expect(parsed == ["v": .string(nasty), "n": 3, "raw": ["x": [1]], "list": "\",y"])
    }
}
