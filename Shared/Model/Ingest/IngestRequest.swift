package import Core
package import PinpointAPI

/// What one HTTP request wants stored, validated and encoded; the unit that a group commit takes or refuses whole.
package struct IngestRequest: GroupCommitItem {
    package let app: AppID
    package var writes: [EndpointWrite]
    /// UpdateEndpointsBatch: one answer for all, so that one refused write refuses the others.
    package var isAtomic = false
    package var events: EventRows?
    /// The one event of `events` is this person's reaction; it counts only if the event is new.
    package var engagement: Engagement?
    package var unsubscribe: Unsubscribe?

    package init(app: AppID, writes: [EndpointWrite] = [], events: EventRows? = nil) {
        self.app = app
        self.writes = writes
        self.events = events
    }

    package var rows: Int { writes.count + (events?.count ?? 0) }
    /// Texts, and 512 for what holds those of one write.
    package var bytes: Int { writes.reduce(events?.byteCount ?? 0) { $0 + 512 + $1.textBytes } }
}

/// What became of the writes of a request, in their order; nil is accepted, unless the request is atomic and another of its
/// writes was refused. Events are always accepted.
package struct IngestOutcome: Sendable {
    package let writes: [APIError?]

    package init(writes: [APIError?]) {
        self.writes = writes
    }

    package var firstRefusal: APIError? { writes.lazy.compactMap { $0 }.first }
}
