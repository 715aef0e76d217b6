package import Core

/// A batch of work for one queue. `recipients` are endpoint keys; a job without recipients is one piece of work.
package struct NewJob: Sendable {
    package var queue: JobQueue
    package var kind: String
    /// 0 is for what a person waits for (direct sends, one-time passwords, event-triggered); a worker keeps a slot for it.
    package var priority: Int16 = 10
    /// Business time.
    package var dueAt: Instant
    package var app: AppID?
    package var send: SendCause?
    package var payload: JSON = [:]
    package var recipients: [Int64]?
    /// Places of the recipients in their chunk; nil means 0, 1, 2 …
    package var ordinals: [Int32]?
    package var possibleDuplicate = false
    package var retries: Int16 = 0
    package var attempt: Int16 = 0

    package init(queue: JobQueue, kind: String, dueAt: Instant) {
        self.queue = queue
        self.kind = kind
        self.dueAt = dueAt
    }
}

/// What a delivery job's sends belong to; with an ordinal it is the id of a send.
package struct SendCause: Sendable, Hashable {
    package var run: RunID
    package var runDay: Day
    package var chunk: Int32
    package var treatment: Int16

    package init(run: RunID, runDay: Day, chunk: Int32, treatment: Int16) {
        self.run = run
        self.runDay = runDay
        self.chunk = chunk
        self.treatment = treatment
    }
}

/// The name of a queue; one per kind of worker process.
package struct JobQueue: Hashable, Sendable {
    package let name: String

    package init(_ name: String) {
        self.name = name
    }

    package static let email = JobQueue("delivery.email")
    package static let sms = JobQueue("delivery.sms")
    package static let voice = JobQueue("delivery.voice")
    package static let push = JobQueue("delivery.push")
    package static let custom = JobQueue("delivery.custom")
    /// Calls of providers, stored and to be worked on.
    package static let inbound = JobQueue("inbound")
}

/// A job this process holds until `lease_expires_at`, and the token that fences it out afterwards.
package struct LeasedJob: Sendable {
    package let id: Int64
    package let token: Int64
    package let queue: JobQueue
    package let kind: String
    package let priority: Int16
    package let app: AppID?
    package let send: SendCause?
    package let payload: JSON
    package let recipients: [Int64]
    package let ordinals: [Int32]?
    package let possibleDuplicate: Bool
    package let retries: Int16
    package let attempt: Int16
    /// Recipients before this index have a terminal outcome or a job of their own.
    package let done: Int
    /// Recipients before this index may have been handed over.
    package let fired: Int

    package func ordinal(_ index: Int) -> Int32 { ordinals?[index] ?? Int32(index) }
}
