import Core
import Templates
import Testing

@Suite struct BudgetTests {
    private static func items(_ count: Int) -> JSON { .array((0..<count).map { .integer(Int64($0)) }) }

    @Test func `each walks over the first fifteen items`() throws {
        let text = try render("{{#each a}}{{this}}{{#if @last}}.{{else}},{{/if}}{{/each}}", ["a": Self.items(40)])
        #expect(text == "0,1,2,3,4,5,6,7,8,9,10,11,12,13,14.")
    }

    @Test(arguments: [4, 5, 6, 20])
    func `nested loops end within the budget of steps`(levels: Int) {
        let source =
            String(repeating: "{{#each @root.a}}", count: levels) + "x" + String(repeating: "{{/each}}", count: levels)
        let fault = fault(source, ["a": Self.items(10_000)])
        #expect(fault?.kind == .budget)
        #expect(fault?.message == "the template takes more than 100000 steps to render")
    }

    @Test func `a partial that includes itself through a condition ends at the depth limit`() {
        let fault = fault("{{#*inline \"p\"}}{{#if a}}{{> p}}{{/if}}{{/inline}}\n{{> p}}", ["a": 1])
        #expect(fault?.description == "line 1, column 26: blocks and partials are nested deeper than 32 levels")
        #expect(fault?.kind == .budget)
    }

    @Test func `two partials that include each other end at the depth limit`() {
        let fault = fault("{{#*inline \"p\"}}{{> q}}{{/inline}}{{#*inline \"q\"}}{{> p}}{{/inline}}{{> p}}")
        #expect(fault?.kind == .budget)
    }

    @Test func `output is bounded, and what was printed is taken back`() throws {
        let program = try TemplateProgram.compile("{{#each a}}{{#each @root.a}}{{@root.t}}{{/each}}{{/each}}")
        let scope = JSONScope(["a": Self.items(15), "t": .string(String(repeating: "x", count: 10_000))])
        var output: [UInt8] = [1, 2]
        #expect(throws: TemplateFault(.budget, "the template prints more than 1048576 bytes", line: 1, column: 29)) {
            try program.render(scope, environment: .fixed, escaping: .html, into: &output)
        }
        #expect(output == [1, 2])
    }

    @Test func `doubling by replace is bounded by size and by work`() {
        var source = "\"aaaaaaaaaaaaaaaa\""
        for _ in 0..<40 { source = "(replace \(source) \"a\" \"aa\")" }
        let fault = fault("{{upper \(source)}}")
        #expect(fault != nil)
        #expect(fault?.kind != .syntax)
    }

    @Test func `work on long values is charged by their size`() {
        let source = String(repeating: "{{#if (eq (upper t) \"x\")}}{{/if}}", count: 200)
        let fault = fault(source, ["t": .string(String(repeating: "x", count: 100_000))])
        #expect(fault?.message == "the template takes more than 100000 steps to render")
    }

    @Test func `comparisons of long values are charged by their size`() {
        let source = String(repeating: "{{#if (eq t u)}}{{/if}}", count: 1000)
        let long = JSON.string(String(repeating: "x", count: 100_000))
        let fault = fault(source, ["t": long, "u": .string(String(repeating: "x", count: 100_001))])
        #expect(fault?.message == "the template takes more than 100000 steps to render")
    }

    @Test func `a deadline ends the rendering`() {
        let budget = TemplateBudget(isPastDeadline: { true })
        let source = String(repeating: "{{a}}", count: 300)
        #expect(fault(source, budget: budget)?.message == "the template takes too long to render")
        #expect(fault("{{a}}", budget: budget) == nil)
    }
}
