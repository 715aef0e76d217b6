package import Core
package import Postgres
package import Queue

extension JobQueue {
    /// Erasing what deleted endpoints have left behind; ingest-api works on it.
    package static let privacy = JobQueue("privacy")
}

/// What is left to erase of endpoints whose rows are gone: a job that is durable with their deletion (`EndpointRemoval`) and
/// done by `Eraser`.
///
/// Endpoints of the same ids may be written again while it waits. What is theirs came after `until` and stays.
package struct Erasure: Sendable, Equatable {
    package static let kind = "privacy.erase"
    /// A group commit, a fan-out or a delivery window that had begun when the row went may add rows after the first look;
    /// statements end after 30 s.
    static let secondLook: Duration = .seconds(60)
    /// Of one job; more endpoints make more jobs.
    static let keysPerJob = 100

    package let app: AppID
    package let keys: [Int64]
    /// Business time of the deletion.
    package let until: Instant
    package let isSecondLook: Bool

    package init(app: AppID, keys: [Int64], until: Instant, isSecondLook: Bool = false) {
        self.app = app
        self.keys = keys
        self.until = until
        self.isSecondLook = isSecondLook
    }

    /// Throws `.integrity` for a job of another kind.
    package init(_ job: LeasedJob) throws {
        guard job.kind == Self.kind, let app = job.app, let keys = job.payload["keys"]?.array,
            case .integer(let until)? = job.payload["until"]
        else { throw Fault(.integrity, "job \(job.id) is no erasure") }
        self.app = app
        self.keys = keys.compactMap { if case .integer(let key) = $0 { key } else { nil } }
        self.until = Instant(microseconds: until)
        isSecondLook = job.payload["second"]?.bool ?? false
    }

    /// Keys travel in the payload and not as recipients: a job of recipients is quarantined when it fails too often, and an
    /// erasure is tried for ever.
    package func job(dueAt: Instant) -> NewJob {
        var job = NewJob(queue: .privacy, kind: Self.kind, dueAt: dueAt)
        // A worker's first lane takes no other, and one lane is enough.
        job.priority = 0
        job.app = app
        job.payload = [
            "keys": .array(keys.map { .integer($0) }), "until": .integer(until.microseconds),
            "second": .bool(isSecondLook),
        ]
        return job
    }

    /// Whether the first look at something of the app is still to be done.
    package static func isPending(of app: AppID, in database: Database) async throws -> Bool {
        try await !database.query(
            """
            SELECT 1
              FROM jobs
             WHERE queue = \(JobQueue.privacy.name) AND app = \(app) AND payload->'second' = 'false'
             LIMIT 1
            """
        ).isEmpty
    }

    /// The job for what comes late; nil after it.
    var followUp: NewJob? {
        if isSecondLook { return nil }
        return Erasure(app: app, keys: keys, until: until, isSecondLook: true).job(dueAt: until + Self.secondLook)
    }
}
