package import Core
import Crypto
package import Model
import Providers
package import Queue
import Segments

/// What became of messages, as events of ours that may start campaigns of the filter type SYSTEM (pinpoint-api §4.3, §6):
/// `_email.send`, `_email.hardbounce` … Enqueued in the transaction that books the outcomes.
///
/// A message that such an event started itself starts nothing: two campaigns would keep each other going for ever.
package final class ServiceEvents: Sendable {
    private let triggers: TriggerRegistry
    private let environment: Environment
    private let hints: QueueNotifier

    package init(triggers: TriggerRegistry, hints: QueueNotifier, environment: Environment) {
        self.triggers = triggers
        self.hints = hints
        self.environment = environment
    }

    /// What outcomes of this run may start. Asked once for a job, before its first window, so that nothing which waits or fails
    /// stands between a provider's answer and its outcome.
    ///
    /// Never throws: a message that is not sent would be worse than a campaign that is not started.
    func triggers(for plan: RunPlan) async -> EventTriggers {
        guard plan.trigger != .system else { return .none }
        do {
            return try await triggers.triggers(of: plan.app).system
        } catch {
            environment.log.error("delivery.triggers_unknown", error, ["run": .string(plan.run.description)])
            return .none
        }
    }

    /// Jobs for the campaigns that these outcomes of one window start.
    ///
    /// `queue`: of whose worker. Only e-mail and SMS have events of their own in Pinpoint.
    func jobs(
        for rows: [SendOutcomeRow], of cause: SendCause, plan: RunPlan, on queue: JobQueue, _ found: EventTriggers
    ) -> [NewJob] {
        if found.isEmpty { return [] }
        let now = environment.now()
        var started: [TriggeredEvent] = []
        for row in rows {
            for type in Self.types(of: row, on: queue) {
                let event = SegmentEvent(type: type, at: now, attributes: Self.attributes(type, row, cause, plan))
                let id = Self.id(of: row, type, cause, at: now)
                started += found.matching(event, receivedAt: now).map {
                    TriggeredEvent(trigger: $0, endpointKey: row.endpointKey, event: id)
                }
            }
        }
        return TriggerJob.jobs(for: started, app: plan.app, receivedAt: now).map(\.job)
    }

    /// After the commit of a window that enqueued some.
    func announce() { hints.notify(.triggers) }

    /// A server that took the message is all that is known of its delivery before receipts come. Of one that we did not send
    /// (again) for certain, nothing is said.
    /// A carrier says more of a text later: `_SMS.SUCCESS` comes with its receipt.
    private static func types(of row: SendOutcomeRow, on queue: JobQueue) -> [String] {
        switch (row.state, queue) {
        case (.accepted, .email): ["_email.send", "_email.delivered"]
        case (.rejected, .email): [rejection(row.reason)]
        case (.accepted, .sms): ["_SMS.BUFFERED"]
        case (.rejected, .sms): ["_SMS.FAILURE"]
        case (_, _): []
        }
    }

    /// `record_status` of a text.
    private static func recordStatus(_ row: SendOutcomeRow) -> String {
        if row.state == .accepted { return "SUCCESSFUL" }
        return switch row.reason.flatMap({ RejectionClass(rawValue: $0.name) }) {
        case .address: "INVALID"
        case .optedOut: "OPTED_OUT"
        case .content, .rendering: "INVALID_MESSAGE"
        case .mailbox, .configuration, .customDelivery, nil: "UNKNOWN"
        }
    }

    private static func rejection(_ reason: OutcomeReason?) -> String {
        switch reason.flatMap({ RejectionClass(rawValue: $0.name) }) {
        case .address: "_email.hardbounce"
        case .mailbox: "_email.softbounce"
        case .rendering: "_email.rendering_failure"
        case .content, .configuration, .customDelivery, .optedOut, nil: "_email.rejected"
        }
    }

    private static func attributes(
        _ type: String, _ row: SendOutcomeRow, _ cause: SendCause, _ plan: RunPlan
    ) -> JSONObject {
        var attributes: JSONObject = [
            "campaign_id": .string(plan.campaign.description),
            "campaign_activity_id": .string(cause.run.description),
            "treatment_id": .string(String(cause.treatment)),
        ]
        if type.hasPrefix("_SMS.") {
            attributes["record_status"] = .string(recordStatus(row))
        } else {
            let feedback = type == "_email.send" ? "received" : String(type.dropFirst("_email.".count))
            attributes["feedback"] = .string(feedback)
        }
        return attributes
    }

    /// As of other events: the time, and a digest of what it is; so a send has each type once.
    private static func id(of row: SendOutcomeRow, _ type: String, _ cause: SendCause, at now: Instant) -> EventID {
        var input = cause.run.bytes
        for number in [cause.chunk, row.ordinal] {
            withUnsafeBytes(of: number.bigEndian) { input.append(contentsOf: $0) }
        }
        let (first, second) = SHA256.words(input + Array(type.utf8))
        return EventID(high: UInt64(bitPattern: now.milliseconds) << 16 | first >> 48, low: first << 16 | second >> 48)
    }
}
