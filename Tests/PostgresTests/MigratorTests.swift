import Core
import Crypto
import FoundationEssentials
import Postgres
import TestKit
import Testing

@Suite(.emptyDatabase) struct MigratorTests {
    let test: TestDatabase

    init() throws {
        test = try TestDatabase.current
    }

    private func migration(_ name: String, _ sql: String, breaking: Bool = false) -> Migration {
        Migration(name: name, checksum: Hex.lowercase(SHA256.hash(Array(sql.utf8))), isBreaking: breaking, sql: sql)
    }

    private func tables() async throws -> [String] {
        try await test.database.query("SELECT tablename::text FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
            .map { try $0.get(0) }
    }

    @Test func `a fresh database gets the whole schema, and a second run changes nothing`() async throws {
        try await Migrator.migrate(test.database)
        let tables = try await self.tables()
        #expect(tables.contains("endpoints") && tables.contains("jobs") && tables.contains("schema_migrations"))
        let first = try await test.database.query("SELECT name, applied_at FROM schema_migrations ORDER BY name")
        try await Migrator.migrate(test.database)
        let second = try await test.database.query("SELECT name, applied_at FROM schema_migrations ORDER BY name")
        #expect(first.count == Migration.all.count)
        #expect(try first.map { try $0.get(1) as Instant } == second.map { try $0.get(1) as Instant })
    }

    @Test func `several processes that start at once migrate once`() async throws {
        let slow = migration("0001_make_slow", "CREATE TABLE slow AS SELECT 1 AS one FROM pg_sleep(0.1)")
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    let database = test.makeDatabase(poolSize: 1)
                    try await Migrator.migrate(
                        database, [slow, self.migration("0002_make_more", "CREATE TABLE more (id int)")])
                    await database.close()
                }
            }
            try await group.waitForAll()
        }
        #expect(try await tables() == ["more", "schema_migrations", "slow"])
    }

    @Test func `an applied migration that was edited is refused by name`() async throws {
        try await Migrator.migrate(test.database, [migration("0001_make_a", "CREATE TABLE a ()")])
        let fault = await #expect(throws: Fault.self) {
            try await Migrator.migrate(test.database, [migration("0001_make_a", "CREATE TABLE a (id int)")])
        }
        #expect(fault?.code == .configuration)
        #expect(fault?.publicMessage.contains("0001_make_a") == true)
    }

    @Test func `an unknown migration stops an old program only when it is breaking`() async throws {
        let (old, harmless) = (
            migration("0001_make_a", "CREATE TABLE a ()"), migration("0002_make_b", "CREATE TABLE b ()")
        )
        try await Migrator.migrate(test.database, [old, harmless])
        try await Migrator.migrate(test.database, [old])
        try await Migrator.migrate(
            test.database, [old, harmless, migration("0003_drop_a", "--! breaking\nDROP TABLE a", breaking: true)])
        let fault = await #expect(throws: Fault.self) { try await Migrator.migrate(test.database, [old, harmless]) }
        #expect(fault?.code == .configuration)
        #expect(fault?.publicMessage.contains("0003_drop_a") == true)
    }

    @Test func `a failing migration leaves those before it and no trace of its own`() async throws {
        let good = migration("0001_make_a", "CREATE TABLE a ()")
        let bad = migration("0002_make_b", "CREATE TABLE b (); SELECT 1/0")
        let fault = await #expect(throws: SQLFault.self) { try await Migrator.migrate(test.database, [good, bad]) }
        #expect(fault?.sqlState == "22012")
        #expect(try await tables() == ["a", "schema_migrations"])
        try await Migrator.migrate(test.database, [good, migration("0002_make_b", "CREATE TABLE b ()")])
        #expect(try await tables() == ["a", "b", "schema_migrations"])
    }

    @Test func `the generated literals are the migration files`() throws {
        let folder = "\(BuildPaths.repository)/Shared/Postgres/Migrations"
        let files = try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".sql") }.sorted()
        #expect(Migration.all.map { "\($0.name).sql" } == files, "run ops/codegen/migrations.py")
        for (file, migration) in zip(files, Migration.all) {
            var text = try String(contentsOfFile: "\(folder)/\(file)", encoding: .utf8)
            while text.hasSuffix("\n") { text.removeLast() }
            let isCurrent = migration.sql == text
            #expect(isCurrent, "\(file) changed: run ops/codegen/migrations.py")
            #expect(migration.checksum == Hex.lowercase(SHA256.hash(Array(text.utf8))))
            #expect(migration.isBreaking == text.hasPrefix("--! breaking"))
        }
    }
}
