import Core
import Segments

/// Looks at the events of one request as they are encoded, for those that start campaigns.
///
/// Types are looked up once per request and kind of event; only an event of a type that some trigger wants is read.
struct TriggerWatch: Sendable {
    private let triggers: EventTriggers
    private let receivedAt: Instant
    /// Per tally of the request: indices into the triggers.
    private var candidates: [[Int]] = []
    private(set) var matched: [TriggeredEvent] = []

    /// Nil when there is nothing to look for.
    init?(_ triggers: EventTriggers, receivedAt: Instant) {
        if triggers.isEmpty { return nil }
        self.triggers = triggers
        self.receivedAt = receivedAt
    }

    /// A kind of event that the request did not have before, in the order of its tallies.
    mutating func noteKind(type: String) {
        candidates.append(triggers.candidates(type: type))
    }

    func wants(kind: Int) -> Bool { !candidates[kind].isEmpty }

    /// `kind`: index of the event's tally. The JSON slices are complete and valid, or nil.
    mutating func look(
        at event: EventID, of endpointKey: Int64, kind: Int, type: String, at: Instant,
        attributes: UnsafeRawBufferPointer?, metrics: UnsafeRawBufferPointer?
    ) {
        var contents: SegmentEvent?
        for index in candidates[kind] {
            let trigger = triggers.all[index]
            guard trigger.isOn(at: at, receivedAt: receivedAt) else { continue }
            if !trigger.filter.isByTypeOnly {
                let event =
                    contents
                    ?? SegmentEvent(
                        type: type, at: at, attributes: Self.object(attributes), metrics: Self.object(metrics))
                contents = event
                guard trigger.filter.passes(event) else { continue }
            }
            matched.append(TriggeredEvent(trigger: trigger.name, endpointKey: endpointKey, event: event))
        }
    }

    private static func object(_ slice: UnsafeRawBufferPointer?) -> JSONObject {
        // The slice was checked before; what cannot be read has no members.
        slice.flatMap { (try? JSON.parse($0))?.object } ?? [:]
    }
}
