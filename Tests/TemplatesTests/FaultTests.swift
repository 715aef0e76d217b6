import Core
import Templates
import Testing

@Suite struct FaultTests {
    static let syntax: [(String, String)] = [
        ("{{a", "line 1, column 4: the tag is not closed"),
        ("x\n  {{a", "line 2, column 6: the tag is not closed"),
        ("{{}}", "line 1, column 3: expected a variable, a helper or a value, not \"}\""),
        ("{{a}", "line 1, column 4: expected }} at the end of the tag"),
        ("{{{a}}", "line 1, column 6: expected }}} at the end of the tag"),
        ("é {{a.}}", "line 1, column 7: expected a variable, a helper or a value, not \"}\""),
        ("{{a b}}", "line 1, column 1: unknown helper \"a\""),
        ("{{a.b c}}", "line 1, column 1: unknown helper \"a.b\""),
        ("{{upper (shout \"x\")}}", "line 1, column 10: unknown helper \"shout\""),
        ("{{upper (shout)}}", "line 1, column 10: unknown helper \"shout\""),
        ("{{#shout x}}{{/shout}}", "line 1, column 1: unknown helper \"shout\""),
        ("{{upper}}", "line 1, column 1: upper takes 1 argument, not 0"),
        ("{{replace \"a\" \"b\"}}", "line 1, column 1: replace takes 3 arguments, not 2"),
        ("{{substring \"a\"}}", "line 1, column 1: substring takes 2 to 3 arguments, not 1"),
        ("{{and 1}}", "line 1, column 1: and takes at least 2 arguments, not 1"),
        ("{{#if}}{{/if}}", "line 1, column 1: if takes 1 argument, not 0"),
        ("{{#each}}{{/each}}", "line 1, column 1: each takes 1 argument, not 0"),
        ("{{if a}}", "line 1, column 1: if is a block: {{#if …}}…{{/if}}"),
        ("{{#upper a}}{{/upper}}", "line 1, column 1: upper is not a block helper: use {{upper …}}"),
        ("{{#if a}}", "line 1, column 1: the block {{#if}} is not closed"),
        ("{{#if a}}\n{{/each}}", "line 2, column 1: {{/each}} does not close {{#if}} of line 1"),
        ("{{/if}}", "line 1, column 1: {{/if}} closes a block that is not open"),
        ("{{else}}", "line 1, column 1: {{else}} stands outside of a block"),
        ("{{#if a}}{{else}}{{else}}{{/if}}", "line 1, column 18: {{else}} comes after the last {{else}} of the block"),
        (
            "{{#if a}}{{else}}{{else if b}}{{/if}}",
            "line 1, column 18: {{else}} comes after the last {{else}} of the block"
        ),
        ("{{/if x}}", "line 1, column 1: a closing tag has a name only"),
        ("{{upper \"x}}", "line 1, column 9: the string is not closed"),
        ("{{upper (lower \"x\"}}", "line 1, column 19: expected ) at the end of the subexpression"),
        ("{{a.[b}}", "line 1, column 5: the [ is not closed"),
        ("{{a/../b}}", "line 1, column 3: \"this\", \".\" and \"..\" stand at the start of a name only"),
        ("{{a.this}}", "line 1, column 3: \"this\", \".\" and \"..\" stand at the start of a name only"),
        ("{{yesno yes='y' a}}", "line 1, column 17: arguments without a name come before those with one"),
        ("{{yesno a yes='y' yes='z'}}", "line 1, column 23: the argument yes= is given twice"),
        ("{{#each a as |}}{{/each}}", "line 1, column 15: block parameters are written as |item index|"),
        ("{{! open", "line 1, column 1: the comment is not closed"),
        ("{{!-- }} ", "line 1, column 1: the comment is not closed"),
        (
            "{{> p}}",
            "line 1, column 1: the partial \"p\" is not defined in this template, and there is no snippet of that name"
        ),
        ("{{#*inline p}}{{/inline}}", "line 1, column 1: inline takes a literal name, as in {{#*inline \"name\"}}"),
        (
            "{{#*other \"p\"}}{{/other}}",
            "line 1, column 1: the only decorator is the block {{#*inline \"name\"}}…{{/inline}}"
        ),
        ("{{* d}}", "line 1, column 1: the only decorator is the block {{#*inline \"name\"}}…{{/inline}}"),
        ("{{#*inline \"p\"}}{{else}}{{/inline}}", "line 1, column 17: an inline partial has no {{else}}"),
        (
            "{{#*inline \"p\"}}\n x {{> p}}{{/inline}}",
            "line 2, column 4: the partial \"p\" includes itself without end"
        ),
        ("{{{{raw}}}} x", "line 1, column 1: the raw block {{{{raw}}}} is not closed"),
        ("{{{{/raw}}}}", "line 1, column 1: {{{{/ closes a raw block that is not open"),
    ]

    @Test(arguments: syntax)
    func `a template that is not valid is refused with its place`(source: String, message: String) {
        let fault = fault(source)
        #expect(fault?.description == message)
        #expect(fault?.kind == .syntax)
    }

    @Test func `nesting and length of a source are bounded`() {
        let deep = String(repeating: "{{#if a}}", count: 65) + String(repeating: "{{/if}}", count: 65)
        #expect(fault(deep)?.message == "nested deeper than 64 levels")
        let calls =
            "{{upper " + String(repeating: "(lower ", count: 70) + "\"x\"" + String(repeating: ")", count: 70) + "}}"
        #expect(fault(calls)?.message == "nested deeper than 64 levels")
        #expect(throws: Never.self) { try TemplateProgram.compile(String(repeating: "é", count: 600_000)) }
        #expect(
            fault(String(repeating: "é", count: 600_001))?.description
                == "line 1, column 1: the template is longer than 600000 characters")
    }

    @Test func `a partial that is only there at run time is a fault at run time`() {
        let fault = fault("{{> (lookup this \"n\")}}{{#*inline \"a\"}}{{/inline}}", ["n": "secret"])
        #expect(fault?.description == "line 1, column 1: the partial is not defined here")
        #expect(fault?.kind == .value)
    }
}
