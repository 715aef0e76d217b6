import Core
import Crypto
import Model
import Postgres
import TestKit
import Testing

/// What nobody should send. Raw bytes over the processes' own sockets, because no client library would send most of it.
@Suite(.scenario, .database) struct NaughtyInputsTests {
    @Test func `a member of a wrong kind is refused by its name, and every text is kept byte for byte or refused`()
        async throws
    {
        try await run { suite, app, token in
            try await suite.drive("wrong_kinds.py", [app, token], within: .seconds(300))
        }
    }

    @Test func `20,000 random requests get sound answers, kill nothing and leak nothing`() async throws {
        try await run { suite, app, token in
            let seed = String(UInt32.random(in: 0...UInt32.max))
            let targets: [RunningSuite.Service] = [.ingest, .segments, .scheduler]
            let processes = try targets.map { "\($0.rawValue)=\(try suite.process($0).processID)" }
            let sockets = "\(suite.folder.path)/run"
            try await suite.drive(
                "fuzz_requests.py", [app, token, sockets, "20000", seed] + processes, within: .seconds(600))
        }
    }

    /// With an app, and an API key that spares the signatures.
    private func run(_ body: (RunningSuite, String, String) async throws -> Void) async throws {
        let test = try TestDatabase.current
        try await RunningSuite.with { suite in
            let app = try #require(try await suite.drive("create_app.py").values(after: "app").first)
            let key = APIKey.generate(random: SecureRandom.bytes)
            _ = try await test.database.withSession { session in
                try await AccessKeyStore.insert(
                    key, account: RunningSuite.account, now: test.environment.realNow(), in: session)
            }
            try await body(suite, app, key.token)
        }
    }
}
