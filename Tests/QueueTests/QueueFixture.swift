import Core
import Postgres
import Queue
import TestKit

/// A queue of its own name on the test's database, and shortcuts that play the parts of workers and time.
struct QueueFixture {
    let queue = JobQueue("test")
    let database: Database
    let environment: Environment

    init() throws {
        database = try TestDatabase.current.database
        environment = try TestDatabase.current.environment
    }

    var lease: LeaseTerms { LeaseTerms(owner: HexID(high: 1, low: 1), duration: .seconds(30)) }

    /// What the settlement asks the domain to write down goes into a table of the test's, in the same transaction.
    var settlement: Settlement {
        Settlement(
            resolver: .init(
                inDoubt: { job, indices, session in
                    try await Self.resolve("in doubt", indices.map { job.recipients[$0] }, in: session)
                },
                poison: { job, index, session in
                    try await Self.resolve("poison", [job.recipients[index]], in: session)
                }
            )
        )
    }

    private static let table: SQL = "CREATE TABLE IF NOT EXISTS resolved (id serial, how text, recipient bigint)"

    private static func resolve(_ how: String, _ recipients: [Int64], in session: Session) async throws {
        try await session.execute(table)
        try await session.execute(
            "INSERT INTO resolved (how, recipient) SELECT \(how), unnest(\(recipients))"
        )
    }

    func resolved(_ how: String) async throws -> [Int64] {
        try await database.execute(Self.table)
        return try await database.query("SELECT recipient FROM resolved WHERE how = \(how) ORDER BY id")
            .map { try $0.get(0) }
    }

    var reaper: Reaper { Reaper(queue: queue, settlement: settlement, database: database, log: .silent) }

    @discardableResult
    func enqueue(recipients: [Int64]? = nil, _ change: @Sendable (inout NewJob) -> Void = { _ in }) async throws
        -> Int64
    {
        var job = NewJob(queue: queue, kind: "test.work", dueAt: environment.now())
        job.recipients = recipients
        change(&job)
        let new = job
        return try await database.transaction { try await Queue.enqueue(new, in: $0) }
    }

    func take(limit: Int = 1, maximumPriority: Int16 = .max) async throws -> [LeasedJob] {
        try await Claim.take(
            queue,
            maximumPriority: maximumPriority,
            limit: limit,
            lease: lease,
            now: environment.now(),
            in: database
        )
    }

    /// As if every holder had died a lease ago.
    func expireLeases() async throws {
        try await database.execute(
            "UPDATE jobs SET lease_expires_at = clock_timestamp() - interval '1 s' WHERE lease_owner IS NOT NULL")
    }

    /// Whether the statement still found the job under its token.
    func move(_ statement: SQL) async throws -> Bool {
        try await !database.query(statement).isEmpty
    }

    func jobCount() async throws -> Int {
        try await database.query("SELECT count(*) FROM jobs")[0].get(0)
    }
}
