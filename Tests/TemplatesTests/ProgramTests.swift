import Core
import Templates
import Testing

/// Answers from a table by slot, as a scope over rows does, and counts what it is asked.
private struct SlotScope: TemplateScope {
    var values: [TemplateValue]

    func value(_ path: TemplatePath) -> TemplateValue {
        path.slot >= 0 ? values[path.slot] : .text("by name: \(path.dotted)")
    }
}

@Suite struct ProgramTests {
    @Test func `each variable has one slot, and scopes answer by slot`() throws {
        let program = try TemplateProgram.compile(
            "{{User.UserAttributes.[Last Name].[0]}} {{Address}} {{User/UserAttributes/[Last Name]/[0]}}")
        #expect(program.paths.map(\.segments) == [["User", "UserAttributes", "Last Name", "0"], ["Address"]])
        #expect(program.paths.map(\.slot) == [0, 1])
        var output: [UInt8] = []
        try program.render(
            SlotScope(values: [.text("Lee"), .list(["a@b", "c"])]), environment: .fixed, escaping: .html, into: &output)
        #expect(String(decoding: output, as: UTF8.self) == "Lee a@b,c Lee")
    }

    @Test func `a name that comes up while rendering is asked for by its segments`() throws {
        #expect(try render("{{lookup this \"Id\"}}", SlotScope(values: [.missing])) == "by name: Id")
    }

    @Test func `variables lists the names read from the scope`() throws {
        let program = try TemplateProgram.compile(
            """
            {{#if Attributes.Vip}}{{upper User.UserId}}{{/if}}{{#with User.UserAttributes}}{{Name}}{{../Address}}{{/with}}
            {{#each Attributes.Likes}}{{this}}{{inner}}{{@root.Metrics.Age}}{{/each}}{{#*inline "p"}}{{Location.City}}{{/inline}}
            {{> p x=Demographic.Make}}{{#each l as |v|}}{{v.n}}{{/each}}
            """)
        #expect(
            program.variables == [
                "Address", "Attributes.Likes", "Attributes.Vip", "Demographic.Make", "Location.City", "Metrics.Age",
                "User.UserAttributes", "User.UserAttributes.Name", "User.UserId", "l",
            ])
    }

    @Test func `a program says whether it needs the clock or randomness`() throws {
        #expect(try TemplateProgram.compile("{{now}}").readsClock)
        #expect(try TemplateProgram.compile("{{upper (now)}}").readsClock)
        #expect(try TemplateProgram.compile("{{md5 uuid}}").readsRandomness)
        let plain = try TemplateProgram.compile("{{a}}{{this.now}}")
        #expect(!plain.readsClock && !plain.readsRandomness)
    }

    @Test func `lists print joined, and their items by index`() throws {
        let scope = SlotScope(values: [.list(["<a>", "b"])])
        #expect(try render("{{Attributes.X}}", scope) == "&lt;a&gt;,b")
        #expect(try render("{{#each Attributes.X}}{{@index}}{{this}};{{else}}none{{/each}}", scope) == "0&lt;a&gt;;1b;")
        #expect(TemplateValue.list(["a", "b"]).descend(["1"]) == .text("b"))
        #expect(TemplateValue.list(["a"]).descend(["1"]) == .missing)
        #expect(TemplateValue.list(["a"]).descend(["length"]) == .integer(1))
    }

    @Test func `defaults stand in for what a person lacks`() throws {
        let defaults = try #require(
            TemplateDefaults([
                "User.UserAttributes.FirstName": "friend", "Attributes.Likes": ["tea", "rain"], "Metrics.Age": 7,
                "gone": nil,
            ]))
        func text(_ source: String, _ data: JSON = [:]) throws -> String {
            try render(source, JSONScope(data), defaults: defaults)
        }
        #expect(try text("{{User.UserAttributes.FirstName}} {{User.UserAttributes.FirstName.[0]}}") == "friend friend")
        #expect(try text("{{User.UserAttributes.FirstName.[1]}}{{gone}}") == "")
        #expect(
            try text("{{Attributes.Likes}} {{Attributes.Likes.[1]}}", ["Attributes": ["Likes": []]]) == "tea,rain rain")
        #expect(try text("{{add Metrics.Age 1}}{{#if Metrics.Age}}y{{/if}}") == "8y")
        #expect(try text("{{#each Attributes.Likes}}{{../Metrics.Age}}{{this}}{{/each}}") == "7tea7rain")
        #expect(
            try text("{{User.UserAttributes.FirstName}}", ["User": ["UserAttributes": ["FirstName": ["Ann"]]]]) == "Ann"
        )
        #expect(try text("{{User.UserAttributes.FirstName}}", ["User": ["UserAttributes": ["FirstName": ""]]]) == "")
    }

    @Test(arguments: ["x", ["a": ["b": "c"]], ["a": [1]], 1] as [JSON])
    func `defaults that are not an object of plain values are refused`(json: JSON) {
        #expect(TemplateDefaults(json) == nil)
    }

    @Test func `nothing of a value is looked into for tags`() throws {
        #expect(try render("{{a}}", ["a": "{{b}} \\{{b}}", "b": "no"]) == "{{b}} \\{{b}}")
        #expect(try render("{{constructor}}{{a.__proto__}}{{a.toString}}", ["a": "x"]) == "")
    }

    @Test func `a realistic e-mail renders to the letter`() throws {
        #expect(try render(Email.source, Email.scope) == Email.expected)
    }
}

private enum Email {
    static let source = """
        {{#*inline "button"}}
        <a class="button" href="{{url}}">{{label}}</a>
        {{/inline}}
        <!DOCTYPE html>
        <html>
        {{!-- The greeting falls back to a neutral one. --}}
        <body>
          <h1>Hello {{#if User.UserAttributes.FirstName}}{{capitalizeFirst User.UserAttributes.FirstName.[0]}}{{else}}there{{/if}}!</h1>
          {{#gte Metrics.Purchases 2}}
          <p>{{Metrics.Purchases}} {{inflect Metrics.Purchases "order" "orders"}} so far: thank you.</p>
          {{else}}
          <p>Your first order is waiting.</p>
          {{/gte}}
          {{#each Attributes.Favourites}}
            {{#if @first}}
          <ul>
            {{/if}}
            <li>{{@index}}. {{this}}</li>
            {{#if @last}}
          </ul>
            {{/if}}
          {{else}}
          <p>Tell us what you like.</p>
          {{/each}}
          <p>Last seen {{dateFormat Attributes.LastPurchase.[0] outputFormat="long"}}{{~#if Location.City}} in {{Location.City}}{{/if~}}
          .</p>
          {{> button url=Attributes.Link.[0] label="See more"}}
        </body>
        </html>

        """

    static let scope = JSONScope([
        "User": ["UserId": "u1", "UserAttributes": ["FirstName": ["ann & co"]]],
        "Metrics": ["Purchases": 3.0],
        "Location": ["City": "Köln"],
        "Attributes": [
            "Favourites": ["tea", "<rain>"], "LastPurchase": ["1998-04-02T00:00:00Z"],
            "Link": ["https://example.com/?a=1&b=2"],
        ],
    ])

    static let expected = """
        <!DOCTYPE html>
        <html>
        <body>
          <h1>Hello Ann &amp; co!</h1>
          <p>3 orders so far: thank you.</p>
          <ul>
            <li>0. tea</li>
            <li>1. &lt;rain&gt;</li>
          </ul>
          <p>Last seen April 2, 1998 in Köln.</p>
          <a class="button" href="https://example.com/?a&#x3D;1&amp;b&#x3D;2">See more</a>
        </body>
        </html>

        """
}
