import Core
import Model
import Postgres
import TestKit
import Testing

@Suite(.database) struct ChangeLogIsCompleteTests {
    @Test func `every operation names in the log what it changed`() async throws {
        try await RunningAudience.run { audience in
            let database = audience.test.database
            try await ChangeLogAudit.install(in: database)
            try await AudienceOperations(audience, seed: 21).seed()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for writer in 0..<6 {
                    let operations = AudienceOperations(audience, seed: UInt64(300 + writer))
                    group.addTask { for _ in 0..<80 { try await operations.next() } }
                }
                try await group.waitForAll()
            }
            try await audience.waitForErasures()
            #expect(try await ChangeLogAudit.violations(in: database) == [])
            let seen = try await ChangeLogAudit.seen(in: database)
            #expect(seen.keys.sorted() == ["endpoints", "events", "suppressions"], "\(seen)")
        }
    }

    @Test func `the audit finds a writer that says nothing`() async throws {
        try await RunningAudience.run { audience in
            let database = audience.test.database
            try await audience.send(
                "PUT", "\(audience.path)/endpoints/e", ["Address": "a@b.c", "ChannelType": "EMAIL"])
            try await ChangeLogAudit.install(in: database)
            try await database.execute("UPDATE endpoints SET opt_out = 'ALL'")
            try await database.execute(
                """
                INSERT INTO suppressions (app, channel, address_hash, reason, created_at)
                VALUES (\(audience.app), 'EMAIL', '\\x01', 'STOP', \(RunningAudience.now))
                """)
            #expect(
                try await ChangeLogAudit.violations(in: database) == [
                    "UPDATE on endpoints without a line in change_log",
                    "INSERT on suppressions without a line in change_log",
                ])
        }
    }
}
