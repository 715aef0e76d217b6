import CPostgres
import Core
import Delivery
import Model
import Postgres
import Queue

/// The statements of the delivery worker, window 500, as a C program would send them: prepared, pipelined, results in binary
/// and not looked at beyond the claimed row. `Claim`, `Progress` and `OutcomeStore` have the originals.
struct RawChunkDrain: Sendable {
    static let reference = "2.0.0 Ok: queued as 4F2B1C"

    private let app: AppID
    private let run: RunID
    private let day: Day
    private let owner: HexID<LeaseOwner>
    private let now: Instant
    private let deltas: [UInt8]

    init(_ bench: BenchDatabase) {
        app = bench.app
        run = bench.run
        day = bench.day
        owner = bench.lease.owner
        now = bench.environment.now()
        let delta: JSON = [
            "source": "campaign", "id": .string(bench.campaign.description), "run": .string(run.description),
            "treatment": "0", "type": "_outcome.accepted", "minute": .integer(now.seconds / 60), "n": 500,
        ]
        deltas = JSON.array([delta]).serialized
    }

    /// One connection, until no job is left; the number of recipients it moved.
    func run(_ url: String) throws -> Int {
        let connection = try RawConnection(url)
        var count = 0
        while let job = try claim(connection) {
            try open(job, connection)
            try record(job, connection)
            count += job.keys.count
        }
        return count
    }

    /// A claimed row; `recipients` is the array as the server sent it, and goes back the same way.
    private struct Job {
        var id: Int64 = 0
        var token: Int64 = 0
        var chunk: Int32 = 0
        var recipients: [UInt8] = []

        /// Big-endian, 8 bytes each, behind a head of 20 bytes and a length each.
        var keys: [ArraySlice<UInt8>] {
            stride(from: 24, to: recipients.count, by: 12).map { recipients[$0..<$0 + 8] }
        }
    }

    private func claim(_ connection: RawConnection) throws -> Job? {
        let statement: SQL = """
            UPDATE jobs
               SET lease_owner = \(owner), lease_token = lease_token + 1, attempt = attempt + 1,
                   lease_expires_at = clock_timestamp() + \(Int64(30_000)) * interval '1 millisecond'
             WHERE id IN (
                   SELECT id
                     FROM jobs
                    WHERE queue = \(JobQueue.email.name) AND priority <= \(Int16.max) AND due_at <= \(now + .seconds(3600))
                      AND lease_owner IS NULL
                    ORDER BY priority, due_at, id
                    LIMIT 1
                      FOR UPDATE SKIP LOCKED)
            RETURNING id, lease_token, kind, priority, app, run, run_day, chunk, treatment, payload,
                      recipients, ordinals, possible_duplicate, retries, attempt, done, fired
            """
        var job: Job?
        try connection.pipeline([RawStatement(statement)]) { _, result in
            guard PQntuples(result) == 1 else { return }
            job = Job(
                id: Self.integer(result, 0), token: Self.integer(result, 1), chunk: Self.integer(result, 7),
                recipients: Self.bytes(result, 10))
        }
        return job
    }

    private static func bytes(_ result: OpaquePointer, _ column: Int32) -> [UInt8] {
        Array(UnsafeRawBufferPointer(start: PQgetvalue(result, 0, column), count: Int(PQgetlength(result, 0, column))))
    }

    private static func integer<Value: FixedWidthInteger>(_ result: OpaquePointer, _ column: Int32) -> Value {
        bytes(result, column).reduce(0) { $0 << 8 | Value(truncatingIfNeeded: $1) }
    }

    private func open(_ job: Job, _ connection: RawConnection) throws {
        let size = Int32(job.keys.count)
        var load = try RawStatement(Recipient.load([0], of: app))
        // App, keys: the array goes back as it came.
        load.parameters[1].bytes = job.recipients
        let open: SQL = """
            UPDATE jobs
               SET done = \(Int32(0)), fired = \(size), attempt = CASE WHEN \(Int32(0)) > done THEN 1 ELSE attempt END,
                   lease_expires_at = clock_timestamp() + \(Int64(30_000)) * interval '1 millisecond'
             WHERE id = \(job.id) AND lease_token = \(job.token) AND lease_owner IS NOT NULL
               AND lease_expires_at > clock_timestamp()
            RETURNING id
            """
        try connection.pipeline([
            RawStatement("BEGIN"), RawStatement(open), load, RawStatement(RunStore.isCancelled(app, run: run)),
            RawStatement("COMMIT"),
        ])
    }

    private func record(_ job: Job, _ connection: RawConnection) throws {
        let complete: SQL = """
            DELETE FROM jobs
             WHERE id = \(job.id) AND lease_token = \(job.token) AND lease_owner IS NOT NULL
            RETURNING id
            """
        try connection.pipeline([RawStatement("BEGIN"), RawStatement(complete)])
        try connection.copyIn(
            """
            COPY send_outcomes (run_day, endpoint_key, app, run, chunk, ordinal, treatment, outcome, reason, flags,
                                attempt, provider_ref, at) FROM STDIN (FORMAT binary)
            """,
            rows(of: job))
        let log: SQL = """
            INSERT INTO change_log (app, at, deltas) VALUES (\(app), \(now), \(SQLBind.jsonb(deltas)))
            """
        try connection.pipeline([RawStatement(log), RawStatement("COMMIT")])
    }

    /// Binary COPY data; only key and ordinal differ from row to row.
    private func rows(of job: Job) -> [UInt8] {
        func field(_ bytes: [UInt8]) -> [UInt8] { RawStatement.bigEndian(Int32(bytes.count)) + bytes }
        let head = RawStatement.bigEndian(Int16(13)) + field(RawStatement.bigEndian(day.daysSince1970 - 10_957))
        let middle = field(app.bytes) + field(run.bytes) + field(RawStatement.bigEndian(job.chunk))
        let small: [UInt8] =
            field([0, 0]) + field([0, 1]) + [0xFF, 0xFF, 0xFF, 0xFF] + field([0, 0]) + field([0, 0])
        let tail =
            small + field(Array(Self.reference.utf8))
            + field(RawStatement.bigEndian(now.microseconds - 946_684_800_000_000))
        var bytes = RawCopy.header
        bytes.reserveCapacity(job.keys.count * (head.count + middle.count + tail.count + 32) + 64)
        for (ordinal, key) in job.keys.enumerated() {
            bytes += head
            bytes += [0, 0, 0, 8]
            bytes += key
            bytes += middle
            bytes += [0, 0, 0, 4]
            bytes += RawStatement.bigEndian(Int32(ordinal))
            bytes += tail
        }
        return bytes + RawCopy.trailer
    }
}

/// The frame of a binary COPY.
enum RawCopy {
    static let header: [UInt8] = Array("PGCOPY\n".utf8) + [0xFF, 0x0D, 0x0A, 0] + [UInt8](repeating: 0, count: 8)
    static let trailer: [UInt8] = [0xFF, 0xFF]
}
