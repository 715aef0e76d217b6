import Core
import Templates
import Testing

/// What Handlebars' guide (handlebarsjs.com/guide) says of the language, page by page, in cases of our own.
@Suite struct GuideTests {
    static let people: JSON = [
        "prefix": "Hello",
        "people": [
            ["firstname": "Nils", "lastname": "Knappmeier", "at": "da"], ["firstname": "Yehuda", "at": "sf"],
        ],
        "cities": [
            "da": ["name": "Darmstadt", "country": "Germany"], "sf": ["name": "San Francisco", "country": "USA"],
        ],
        "array": [["item": "one", "item-class": "c"]],
        "city": ["name": "Ulm", "location": ["north": "48", "east": "9"]],
        "a": true, "n": 3, "html": "<b>&</b>", "empty": [], "list": ["x", "y", "z"], "nested": [["p", "q"], ["r"]],
    ]

    static let expressions: [(String, String)] = [
        ("{{prefix}}, {{city.name}}; {{city/name}}", "Hello, Ulm; Ulm"),
        ("{{#each people}}{{../prefix}} {{firstname}}. {{/each}}", "Hello Nils. Hello Yehuda. "),
        ("{{array.[0].item}} {{array.[0].[item-class]}} {{#with array.[0]}}{{./[item-class]}}{{/with}}", "one c c"),
        (
            "{{html}}|{{{html}}}|{{&html}}|{{{ html }}}|{{& html }}",
            "&lt;b&gt;&amp;&lt;/b&gt;" + String(repeating: "|<b>&</b>", count: 4)
        ),
        ("\\{{escaped}} {{{{raw}}}}{{#each}} {{x}} }}{{{{/raw}}}}", "{{escaped}} {{#each}} {{x}} }}"),
        ("{{{{raw}}}} {{{{/raw}}}}|{{{{raw}}}}{{{{/raw}}}}", " |"),
        ("{{! This comment will not show up }}x{{!-- nor }} this --}}y<!-- but {{prefix}} -->", "xy<!-- but Hello -->"),
        ("{{\"prefix\"}} {{'prefix'}} {{[prefix]}}", "Hello Hello Hello"),
        ("{{lower \"TE'XT\"}}{{lower 'TE\"XT'}}", "te&#x27;xtte&quot;xt"),
        ("{{add 1 -2.5}} {{eq true true}} {{eq null undefined}}", "-1.5 true true"),
        ("{{upper (abbreviate (lower prefix) 10)}}", "HELLO"),
        ("{{upper\n  (lower\n    prefix\n  )\n}}", "HELLO"),
        ("{{#with (lookup cities \"da\")}}{{name}}{{/with}}", "Darmstadt"),
        ("{{#each list}}{{.}}{{this}}{{/each}}", "xxyyzz"),
        ("{{prefix.length}} {{list.length}} {{list.[1]}} {{list.1}}", "5 3 y y"),
        ("{{people.[1].lastname}}{{nobody.at.all}}", ""),
        ("{{list}} {{nested}}", "x,y,z p,q,r"),
        (
            "{{this/prefix}}{{this.prefix}}{{./prefix}}{{@root.prefix}}{{@root/prefix}}",
            String(repeating: "Hello", count: 5)
        ),
        ("${{n}} }} { {{n}}}", "$3 }} { 3}"),
        ("\\\\{{n}} \\\\\\{{n}} \\ {{n}}", "\\3 \\\\3 \\ 3"),
    ]

    static let builtIns: [(String, String)] = [
        ("{{#if people}}{{#if nobody}}1{{else}}2{{/if}}{{/if}}", "2"),
        ("{{#if empty}}1{{else if nobody}}2{{else}}3{{/if}}", "3"),
        ("{{#if nobody}}1{{else if a}}2{{else if n}}3{{else}}4{{/if}}", "2"),
        ("{{#unless nobody}}x{{else}}y{{/unless}}{{^unless nobody}}x{{else}}y{{/unless}}", "xy"),
        ("{{^if nobody}}x{{/if}}{{^if a}}x{{^}}y{{/if}}", "xy"),
        ("{{#each people}}{{@index}}:{{firstname}}{{#unless @last}}, {{/unless}}{{/each}}", "0:Nils, 1:Yehuda"),
        ("{{#each cities}}{{@key}}={{name}}{{#if @first}};{{/if}}{{/each}}", "da=Darmstadt;sf=San Francisco"),
        ("{{#each cities}}{{@index}}{{/each}}", "01"),
        ("{{#each empty}}x{{else}}none{{/each}}{{#each nobody}}x{{^}}none{{/each}}", "nonenone"),
        (
            "{{#each nested as |row rowId|}}{{#each row as |cell id|}}{{rowId}}{{id}}{{cell}} {{/each}}{{/each}}",
            "00p 01q 10r "
        ),
        ("{{#each nested}}{{#each this}}{{@../index}}{{@index}}{{this}} {{/each}}{{/each}}", "00p 01q 10r "),
        ("{{#each nested}}{{#each this}}{{#if @../first}}{{this}}{{/if}}{{/each}}{{/each}}", "pq"),
        ("{{#each people}}{{firstname}} {{lookup ../list @index}} {{/each}}", "Nils x Yehuda y "),
        (
            "{{#each people}}{{firstname}} lives in {{#with (lookup ../cities [at])~}}\n  {{name}} ({{country}})\n{{/with}}{{/each}}",
            "Nils lives in Darmstadt (Germany)\nYehuda lives in San Francisco (USA)\n"
        ),
        (
            "{{#with city}}{{name}}{{#with location}} {{north}} {{../name}} {{../../prefix}}{{/with}}{{/with}}",
            "Ulm 48 Ulm Hello"
        ),
        (
            "{{#with city as | city |}}{{#with city.location as | loc |}}{{city.name}}: {{loc.north}} {{loc.east}}{{/with}}{{/with}}",
            "Ulm: 48 9"
        ),
        ("{{#with nobody}}x{{else}}{{prefix}}{{/with}}{{#with empty}}x{{else}}none{{/with}}", "Hellonone"),
        ("{{log prefix}}{{log \"a\" n level=\"debug\"}}.", "."),
        ("{{#if n includeZero=true}}x{{/if}}{{#if nobody includeZero=true}}x{{else}}y{{/if}}", "xy"),
        (
            "{{#list}}{{@index}}{{this}}{{/list}}{{#city}}{{name}}{{/city}}{{^nobody}}-{{/nobody}}{{#a}}{{prefix}}{{/a}}",
            "0x1y2zUlm-Hello"
        ),
        ("{{#list}}{{else}}x{{/list}}{{#empty}}{{else}}none{{/empty}}{{#empty}}{{else if a}}y{{/empty}}", "noney"),
    ]

    static let partials: [(String, String)] = [
        ("{{#*inline \"p\"}}{{prefix}}{{/inline}}{{> p}}{{>p}}{{> \"p\"}}{{> [p]}}", "HelloHelloHelloHello"),
        (
            "{{#*inline \"p\"}}[{{name}}]{{/inline}}{{> p city}}{{> p name=n}}{{> p cities.da name=\"own\"}}",
            "[Ulm][3][own]"
        ),
        (
            "{{#*inline \"person\"}}{{prefix}}, {{firstname}}. {{/inline}}{{#each people}}{{> person prefix=../prefix}}{{/each}}",
            "Hello, Nils. Hello, Yehuda. "
        ),
        ("{{#*inline \"x\"}}X{{/inline}}{{> (lookup list 0)}}{{> (lower \"X\")}}", "XX"),
        ("{{#> absent}}Failover content{{/absent}}", "Failover content"),
        ("{{#*inline \"layout\"}}<{{> @partial-block}}>{{/inline}}{{#> layout}}My content{{/layout}}", "<My content>"),
        (
            "{{#*inline \"list\"}}{{#each .}}<{{> @partial-block}}>{{/each}}{{/inline}}{{#> list list}}{{.}}{{/list}}",
            "<x><y><z>"
        ),
        (
            "{{#*inline \"w\"}}{{#with city}}{{> @partial-block}}{{/with}}{{/inline}}{{#> w}}{{name}}{{../prefix}}{{/w}}",
            "UlmHello"
        ),
        (
            "{{#*inline \"l\"}}{{> nav}}|{{> body}}{{/inline}}{{#> l}}{{#*inline \"nav\"}}N{{/inline}}{{#*inline \"body\"}}B{{/inline}}{{/l}}",
            "N|B"
        ),
        ("{{#with city as |me|}}{{#> absent}}{{me.name}}{{/absent}}{{/with}}", "Ulm"),
        (
            "{{#each people}}{{#*inline \"p\"}}{{firstname}}{{../prefix}} {{/inline}}{{> p}}{{/each}}",
            "NilsHello YehudaHello "
        ),
    ]

    static let whitespace: [(String, String)] = [
        ("{{#each list ~}}\n  <li>\n    {{~this~}}\n  </li>\n{{~/each}}", "<li>x</li><li>y</li><li>z</li>"),
        (" {{~n~}} {{n}} {{n}} ", "33 3 "), (" {{n~}} \n x", " 3x"), ("x \n {{~n}} ", "x3 "),
        (" {{~#if a~}} bar {{~/if~}} ", "bar"), (" {{#if a~}} bar {{/if~}} ", " bar "),
        (" {{~#if a}} bar {{~/if}} ", " bar "), (" {{#if a}} bar {{/if}} ", "  bar  "),
        (" {{~^if nobody~}} bar {{~/if~}} ", "bar"), ("{{#if a~}} bar {{~^~}} baz {{~/if}}", "bar"),
        ("{{#if a}} bar {{^~}} baz {{/if}}", " bar "), ("{{#if nobody~}} bar {{~^}} baz {{/if}}", " baz "),
        ("{{#if nobody}} bar {{~else~}} baz {{~/if}}", "baz"),
        ("{{#nobody}}\n{{name}}\n{{^}}\n{{prefix}}\n{{/nobody}}\n", "Hello\n"),
        ("{{#nobody}}\n{{name}}\n{{else if prefix}}\n{{prefix}}\n{{^}}\n{{/nobody}}\n", "Hello\n"),
        ("{{#list}}\n{{#if this}}\n{{.}}\n{{/if}}\n{{/list}}\nOK.", "x\ny\nz\nOK."),
        ("{{! a }}\n{{prefix}}\n  {{!-- b --}}  \nx", "Hello\nx"), ("{{! a }} x\n", " x\n"),
        ("{{#each list}}{{this}}\n{{/each}}-", "x\ny\nz\n-"),
        ("a\n\n{{#if a}}\n\nb\n\n{{/if}}\n\nc", "a\n\n\nb\n\n\nc"),
    ]

    @Test func `expressions are those of the guide`() throws { try check(Self.expressions) }
    @Test func `built-in helpers are those of the guide`() throws { try check(Self.builtIns) }
    @Test func `partials are those of the guide`() throws { try check(Self.partials) }
    @Test func `whitespace is that of the guide`() throws { try check(Self.whitespace) }

    @Test(arguments: [
        "{{#if a}}", "{{/if}}", "{{#if a}}{{/with}}", "{{else}}", "{{#if a}}{{else}}{{else}}{{/if}}", "{{a", "{{{a}}",
        "{{a b}}", "{{#a b}}{{/a}}", "{{foo/../bar}}", "{{a/this}}", "{{> absent}}", "{{> p a b}}", "{{*decorator}}",
        "{{#*other \"x\"}}{{/other}}", "{{(a)b}}", "{{upper (}}", "{{\"a}}", "{{[a}}", "{{{{raw}}}}", "{{!-- a }}",
        "{{#each}}{{/each}}", "{{#with a b}}{{/with}}", "{{#each a as |}}{{/each}}", "{{upper x=1 2}}", "{{@}}", "{{}}",
        "{{#if a}}{{else if}}{{/if}}", "{{#each a as |x| y}}{{/each}}",
    ])
    func `what the guide does not know is refused when it is compiled`(source: String) {
        #expect(throws: TemplateFault.self) { try TemplateProgram.compile(source) }
    }

    private func check(_ rows: [(String, String)]) throws {
        for (source, expected) in rows {
            do {
                let text = try render(source, Self.people)
                #expect(text == expected, "\(source)")
            } catch {
                Issue.record("\(source): \(error)")
            }
        }
    }
}
