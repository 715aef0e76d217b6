package import Core
package import Queue

extension JobQueue {
    /// Events that start the messages of campaigns; campaign-scheduler works on it.
    package static let triggers = JobQueue("campaign.triggers")
}

/// The events of one commit that start one campaign's message: enqueued in the transaction that stores them, opened by
/// `TriggerOpening`.
package struct TriggerJob: Sendable, Equatable {
    package static let kind = "campaign.trigger"
    /// How long after its event a message may go out (Pinpoint's five minutes).
    package static let lifetime: Duration = .seconds(300)
    /// Of one job; more events make more jobs.
    static let eventsPerJob = Limits.recipientsPerJob

    package let app: AppID
    package let trigger: EventTrigger.Name
    /// Of the earliest of the events, business time.
    package let receivedAt: Instant
    /// Each event with the endpoint that it is of. An endpoint may have several.
    package let endpointKeys: [Int64]
    package let events: [EventID]

    package init(
        app: AppID, trigger: EventTrigger.Name, receivedAt: Instant, endpointKeys: [Int64], events: [EventID]
    ) {
        self.app = app
        self.trigger = trigger
        self.receivedAt = receivedAt
        self.endpointKeys = endpointKeys
        self.events = events
    }

    /// Jobs for all of `events`, which one transaction has just stored.
    package static func jobs(for events: [TriggeredEvent], app: AppID, receivedAt: Instant) -> [TriggerJob] {
        let byTrigger = Dictionary(grouping: events, by: \.trigger).sorted { $0.key < $1.key }
        return byTrigger.flatMap { trigger, events in
            stride(from: 0, to: events.count, by: eventsPerJob).map { start in
                let part = events[start..<min(start + eventsPerJob, events.count)]
                return TriggerJob(
                    app: app, trigger: trigger, receivedAt: receivedAt, endpointKeys: part.map(\.endpointKey),
                    events: part.map(\.event))
            }
        }
    }

    /// Throws `.integrity` for a job of another kind.
    package init(_ job: LeasedJob) throws {
        guard job.kind == Self.kind, let app = job.app,
            let campaign = job.payload["campaign"]?.string.flatMap({ CampaignID($0) }),
            let version = job.payload["version"]?.int,
            case .integer(let receivedAt)? = job.payload["received_at"],
            let keys = job.payload["keys"]?.array, let events = job.payload["events"]?.array, keys.count == events.count
        else { throw Fault(.integrity, "job \(job.id) is no trigger") }
        self.app = app
        trigger = .init(campaign: campaign, version: version)
        self.receivedAt = Instant(microseconds: receivedAt)
        endpointKeys = keys.compactMap { if case .integer(let key) = $0 { key } else { nil } }
        self.events = events.compactMap { $0.string.flatMap { EventID($0) } }
        guard endpointKeys.count == keys.count, self.events.count == events.count else {
            throw Fault(.integrity, "job \(job.id) has what is no endpoint or no event")
        }
    }

    /// Due at once. What it is about travels in the payload: it has no recipients before its segment was asked, and a job
    /// without recipients is tried until it is done.
    package var job: NewJob {
        var job = NewJob(queue: .triggers, kind: Self.kind, dueAt: receivedAt)
        job.priority = 0
        job.app = app
        job.payload = [
            "campaign": .string(trigger.campaign.description), "version": .integer(Int64(trigger.version)),
            "received_at": .integer(receivedAt.microseconds),
            "keys": .array(endpointKeys.map { .integer($0) }),
            "events": .array(events.map { .string($0.description) }),
        ]
        return job
    }
}
