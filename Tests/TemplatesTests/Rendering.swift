import Core
import Templates

/// 1998-07-01T12:34:56.789Z, a Wednesday.
let noon = Instant(milliseconds: 899_296_496_789)

extension TemplateEnvironment {
    /// A fixed clock, counting bytes as randomness, and one zone that shifts.
    static let fixed = TemplateEnvironment(
        now: { noon },
        random: { count in (0..<count).map { UInt8($0) } },
        timeZoneOffset: { zone, instant in
            guard zone == "America/New_York" else { return nil }
            // Daylight time of 1998: 5 April 07:00 UTC to 25 October 06:00 UTC.
            let isSummer = (891_759_600..<909_295_200).contains(instant.seconds)
            return isSummer ? -14_400 : -18_000
        }
    )
}

func render(
    _ source: String,
    _ scope: some TemplateScope,
    defaults: TemplateDefaults = .none,
    budget: TemplateBudget = .standard,
    escaping: TemplateEscaping = .html
) throws(TemplateFault) -> String {
    let program = try TemplateProgram.compile(source, defaults: defaults)
    var output: [UInt8] = []
    try program.render(scope, environment: .fixed, budget: budget, escaping: escaping, into: &output)
    return String(decoding: output, as: UTF8.self)
}

func render(_ source: String, _ root: JSON = [:]) throws(TemplateFault) -> String {
    try render(source, JSONScope(root))
}

/// The fault that `source` ends with, compiling or rendering.
func fault(_ source: String, _ root: JSON = [:], budget: TemplateBudget = .standard) -> TemplateFault? {
    do throws(TemplateFault) {
        _ = try render(source, JSONScope(root), budget: budget)
        return nil
    } catch {
        return error
    }
}

/// One row of a conformance table.
struct Case: Sendable, CustomStringConvertible {
    var source: String
    var data: JSON
    var expected: String

    init(_ source: String, _ data: JSON, _ expected: String) {
        self.source = source
        self.data = data
        self.expected = expected
    }

    var description: String { source }
}
