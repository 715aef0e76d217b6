import Core
import Postgres
import TestKit
import Testing

/// Apps, endpoints, users, events and segments as Pinpoint's clients use them.
@Suite(.scenario, .database) struct AudienceOperationsTests {
    @Test func `boto3 drives every operation, every list pages, every refusal has its code`() async throws {
        try await RunningSuite.with { suite in
            try await suite.drive(
                "audience_operations.py", ["\(BuildPaths.repository)/ops/codegen/operations.txt"], within: .seconds(300)
            )
        }
    }

    @Test func `while the database stands still, requests beyond the bounds are told 429 and come through later`()
        async throws
    {
        let database = try TestDatabase.current.database
        try await RunningSuite.with { suite in
            let app = try #require(try await suite.drive("create_app.py").values(after: "app").first)
            let driver = try await database.transaction { session in
                // Waits for the writers, and is then waited for by them.
                try await session.execute("LOCK TABLE change_log IN ACCESS EXCLUSIVE MODE")
                let driver = try suite.startDriver("overload.py", [app])
                try await eventually(within: .seconds(120), "a 429") {
                    // A transaction that does nothing would be ended, and its locks with it.
                    try await session.execute("SELECT 1")
                    return driver.exitStatus != nil || driver.output.contains("saturated")
                }
                return driver
            }
            suite.report(driver, "overload.py", try await driver.waitForExit(within: .seconds(180)))
            let id = try #require(AppID(app))
            let rows = try await database.query(
                "SELECT count(*), count(DISTINCT attributes->>'n') FROM events WHERE app = \(id) AND type = 'heavy'")
            let (count, distinct): (Int64, Int64) = (try rows[0].get(0), try rows[0].get(1))
            #expect(count == 3200 && distinct == 3200, "each event once, however often its request came")
        }
    }
}
