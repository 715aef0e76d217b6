import TestKit
import Testing

/// Lets two scenarios run at a time: each starts a whole suite of processes, and more than the cores can use only makes all
/// of them slower.
struct ScenarioTrait: SuiteTrait, TestTrait, TestScoping {
    private static let gate = Gate(width: 2)

    var isRecursive: Bool { true }

    func provideScope(
        for test: Test,
        testCase: Test.Case?,
        performing function: @concurrent @Sendable () async throws -> Void
    ) async throws {
        // A suite by itself starts nothing; its tests do.
        guard testCase != nil else { return try await function() }
        try await Self.gate.enter()
        defer { Self.gate.leave() }
        try await function()
    }
}

extension Trait where Self == ScenarioTrait {
    /// A story with real processes. Stands before `.database`, so that a waiting story holds no database.
    static var scenario: ScenarioTrait { ScenarioTrait() }
}
