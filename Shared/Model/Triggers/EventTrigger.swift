package import Core
package import Segments

/// An event-triggered campaign that is on: which events start its message, and between which times.
package struct EventTrigger: Sendable, Hashable {
    /// One version of one campaign: an edited campaign is another trigger.
    package struct Name: Sendable, Hashable, Comparable {
        package let campaign: CampaignID
        package let version: Int

        package init(campaign: CampaignID, version: Int) {
            self.campaign = campaign
            self.version = version
        }

        package static func < (left: Self, right: Self) -> Bool {
            (left.campaign, left.version) < (right.campaign, right.version)
        }
    }

    package let name: Name
    package let filter: TriggerFilter
    /// The campaign's StartTime and EndTime; the end is not part of it.
    package let start: Instant
    package let end: Instant?

    package init(name: Name, filter: TriggerFilter, start: Instant, end: Instant?) {
        self.name = name
        self.filter = filter
        self.start = start
        self.end = end
    }

    /// The event must have happened while the campaign was on, and be heard of in that time: a campaign that has ended sends
    /// nothing, and a client whose clock is ahead starts none early.
    func isOn(at: Instant, receivedAt: Instant) -> Bool {
        min(at, receivedAt) >= start && max(at, receivedAt) < end ?? .max
    }
}

extension Instant {
    fileprivate static let max = Instant(microseconds: .max)
}

/// The triggers of one app and source, by event type: most events are of a type that starts nothing, and cost one look.
package struct EventTriggers: Sendable {
    package static let none = EventTriggers([])

    let all: [EventTrigger]
    private let byType: [String: [Int]]
    /// Of those that do not list their types.
    private let open: [Int]

    package init(_ all: [EventTrigger]) {
        self.all = all
        var byType: [String: [Int]] = [:]
        var open: [Int] = []
        for (index, trigger) in all.enumerated() {
            guard let types = trigger.filter.listedTypes else {
                open.append(index)
                continue
            }
            for type in Set(types) { byType[type, default: []].append(index) }
        }
        self.byType = byType
        self.open = open
    }

    package var isEmpty: Bool { all.isEmpty }

    /// Those that an event starts.
    package func matching(_ event: SegmentEvent, receivedAt: Instant) -> [EventTrigger.Name] {
        candidates(type: event.type).map { all[$0] }.filter { trigger in
            trigger.isOn(at: event.at, receivedAt: receivedAt)
                && (trigger.filter.isByTypeOnly || trigger.filter.passes(event))
        }.map(\.name)
    }

    /// Indices into `all`.
    func candidates(type: String) -> [Int] {
        let found = (byType[type] ?? []) + open
        return found.isEmpty ? found : found.filter { all[$0].filter.admits(type: type) }
    }
}

/// An event that starts a campaign's message, if it turns out to be new.
package struct TriggeredEvent: Sendable, Hashable {
    package let trigger: EventTrigger.Name
    package let endpointKey: Int64
    package let event: EventID

    package init(trigger: EventTrigger.Name, endpointKey: Int64, event: EventID) {
        self.trigger = trigger
        self.endpointKey = endpointKey
        self.event = event
    }
}

extension TriggeredEvent {
    /// Of each request's, those whose event is among the `new` ones. An event that came twice in one commit starts a campaign once.
    static func new(_ triggered: [[TriggeredEvent]], _ new: Set<EventID>) -> [[TriggeredEvent]] {
        var seen: Set<TriggeredEvent> = []
        return triggered.map { events in events.filter { new.contains($0.event) && seen.insert($0).inserted } }
    }
}
