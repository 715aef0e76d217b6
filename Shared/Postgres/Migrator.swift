internal import Core
internal import EventLoop

/// One step of the schema, from `Migrations/NNNN_verb_noun.sql`. Forward only; a file that was applied is never edited.
package struct Migration: Sendable {
    package let name: String
    /// SHA-256 of the text, in hex.
    package let checksum: String
    /// The file starts with `--! breaking`: a program that does not know it must not run on the result.
    package let isBreaking: Bool
    package let sql: String

    package init(name: String, checksum: String, isBreaking: Bool, sql: String) {
        self.name = name
        self.checksum = checksum
        self.isBreaking = isBreaking
        self.sql = sql
    }

    /// What this program was built with.
    package static var all: [Migration] { generatedMigrations }
}

/// Brings a database to the schema that this program was built for.
///
/// Any number of processes may start at once: an advisory lock lets one migrate, the others wait and find nothing to do.
/// Each migration is a transaction of its own, so a failure leaves the ones before it applied.
package enum Migrator {
    /// Errors: `.configuration` when an applied migration was edited since, or is unknown here and breaking;
    /// `.unavailable` when another process holds the lock for more than a minute; `SQLFault` from a migration.
    package static func migrate(_ database: Database, _ migrations: [Migration] = Migration.all) async throws {
        try await database.withSession { session in
            if try await pending(migrations, in: session, log: database.environment.log).isEmpty { return }
            try await lock(session, database)
            do {
                try await apply(migrations, in: session, database)
            } catch {
                await session.rollBack()
                _ = try? await session.query("SELECT pg_advisory_unlock(\(lockKey))")
                throw error
            }
            _ = try await session.query("SELECT pg_advisory_unlock(\(lockKey))")
        }
    }

    /// Any number nobody else uses: "needletl" in ASCII.
    private static let lockKey: Int64 = 0x6E65_6564_6C65_746C

    /// Polls, because a waiting `pg_advisory_lock` would end at `lock_timeout` (2 s).
    private static func lock(_ session: Session, _ database: Database) async throws {
        let deadline = MonotonicClock.now() + 60_000_000
        while try await session.query("SELECT pg_try_advisory_lock(\(lockKey))")[0].get(0) as Bool == false {
            guard MonotonicClock.now() < deadline else {
                throw Fault(
                    .unavailable, "Another process has been migrating the database for a minute", isRetryable: true)
            }
            try await database.loop.sleep(for: .milliseconds(20 + Int64(database.environment.randomWord() % 80)))
        }
    }

    private static func apply(_ migrations: [Migration], in session: Session, _ database: Database) async throws {
        try await session.script(
            """
            CREATE TABLE IF NOT EXISTS schema_migrations (
                name text PRIMARY KEY,
                checksum text NOT NULL,
                breaking boolean NOT NULL,
                applied_at timestamptz NOT NULL DEFAULT clock_timestamp()
            )
            """
        )
        for migration in try await pending(migrations, in: session, log: .silent) {
            let start = MonotonicClock.now()
            try await apply(migration, in: session, database)
            database.environment.log.info(
                "postgres.migrated",
                ["migration": .string(migration.name), "ms": .integer((MonotonicClock.now() - start) / 1000)]
            )
        }
    }

    /// A lock that others hold for more than 2 s is given up and asked for again, so that their queue of waiters drains.
    private static func apply(_ migration: Migration, in session: Session, _ database: Database) async throws {
        let backoff = Backoff(base: .milliseconds(200), cap: .seconds(3))
        var attempt = 0
        while true {
            do {
                try await session.script("BEGIN; SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = '2s'")
                try await session.script(migration.sql)
                try await session.batch([
                    """
                    INSERT INTO schema_migrations (name, checksum, breaking)
                    VALUES (\(migration.name), \(migration.checksum), \(migration.isBreaking))
                    """,
                    "COMMIT",
                ])
                return
            } catch let fault as SQLFault where fault.isLockTimeout && attempt < 10 {
                await session.rollBack()
                try await database.loop.sleep(
                    for: backoff.delay(attempt: attempt, random: database.environment.randomWord()))
                attempt += 1
            }
        }
    }

    /// What is still to be applied, after checking what was.
    private static func pending(
        _ migrations: [Migration], in session: Session, log: Logger
    ) async throws -> [Migration] {
        let exists: Bool = try await session.query("SELECT to_regclass('schema_migrations') IS NOT NULL")[0].get(0)
        guard exists else { return migrations }
        var applied: [String: (checksum: String, isBreaking: Bool)] = [:]
        for row in try await session.query("SELECT name, checksum, breaking FROM schema_migrations") {
            applied[try row.get(0)] = (try row.get(1), try row.get(2))
        }
        let pending = try migrations.filter { migration in
            guard let known = applied.removeValue(forKey: migration.name) else { return true }
            guard known.checksum == migration.checksum else {
                throw Fault(
                    .configuration,
                    "Migration \(migration.name) was applied to this database in another form; applied migrations are never edited"
                )
            }
            return false
        }
        for (name, unknown) in applied.sorted(by: { $0.key < $1.key }) {
            if unknown.isBreaking {
                throw Fault(
                    .configuration,
                    "The database has the breaking migration \(name), which this program does not know; use a newer build"
                )
            }
            log.info("postgres.unknown_migration", ["migration": .string(name)])
        }
        return pending
    }
}
