import Core
import Postgres
import TestKit
import Testing

/// Pinpoint's own clients, unmodified, through the gateway.
@Suite(.scenario, .database) struct ClientsDriveTheSliceTests {
    @Test func `boto3 runs every operation of the slice, and the rest of the model answers 501`() async throws {
        let database = try TestDatabase.current.database
        try await RunningSuite.with { suite in
            // Whatever an operation changes of the audience it must say in the change log.
            try await ChangeLogAudit.install(in: database)
            try await suite.drive("boto_slice.py", ["\(BuildPaths.repository)/ops/codegen/operations.txt"])
            #expect(try await ChangeLogAudit.violations(in: database) == [])
            #expect(try await ChangeLogAudit.seen(in: database)["endpoints"] ?? 0 > 0)
        }
    }

    @Test func `boto3 drives every operation of campaigns and templates, and no cycle loses a member`() async throws {
        try await RunningSuite.with { suite in
            try await suite.drive(
                "campaign_operations.py", ["\(BuildPaths.repository)/ops/codegen/operations.txt"], within: .seconds(300)
            )
        }
    }

    @Test func `boto3 drives every operation of channels, and none shows a secret`() async throws {
        try await RunningSuite.with { suite in
            try await suite.drive(
                "channel_operations.py", ["\(BuildPaths.repository)/ops/codegen/operations.txt"], within: .seconds(300)
            )
        }
    }

    @Test func `the AWS command line runs the slice`() async throws {
        try await RunningSuite.with { suite in
            try await suite.drive("aws_cli_slice.py", within: .seconds(300))
        }
    }

    @Test func `bad input gets its documented error, and nothing of it is stored`() async throws {
        let database = try TestDatabase.current.database
        try await RunningSuite.with { suite in
            let app = try #require(try await suite.drive("create_app.py").values(after: "app").first)
            let before = try await Self.rowCounts(database)
            let processes = try RunningSuite.Service.ofEmail.map { try suite.process($0).processID }
            try await suite.drive("refused_requests.py", [app])
            #expect(try await Self.rowCounts(database) == before)
            // The same processes are still there, and still work.
            for service in RunningSuite.Service.ofEmail {
                #expect(try suite.process(service).exitStatus == nil)
                #expect(try processes.contains(suite.process(service).processID))
            }
            try await suite.drive("create_app.py")
        }
    }

    /// Rows of every table of the product.
    private static func rowCounts(_ database: Database) async throws -> [String: Int64] {
        let tables = try await database.query(
            """
            SELECT c.relname,
                   (xpath('//n/text()', query_to_xml(
                       format('SELECT count(*) AS n FROM %I', c.relname), false, true, '')))[1]::text::bigint
              FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
             WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND NOT c.relispartition
            """
        )
        var counts: [String: Int64] = [:]
        for table in tables {
            let name: String = try table.get(0)
            counts[name] = try table.get(1)
        }
        return counts
    }
}
