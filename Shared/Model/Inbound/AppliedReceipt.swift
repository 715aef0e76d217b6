import Core
import Crypto
import Postgres
import Segments

/// A receipt that counts now, with the send and the person that it is about as far as they are known.
struct AppliedReceipt {
    let event: IncomingEvent
    let receipt: Receipt
    let found: FoundSend?
    /// The person is still there.
    let person: People.Person?
    /// Business time, by the provider's clock.
    let at: Instant
    let words: ReceiptWords

    /// Nil for a reply.
    init?(_ event: IncomingEvent, _ finding: SendLookup.Finding, _ people: People, _ clock: ProviderClock) {
        guard case .receipt(let receipt) = event.event else { return nil }
        self.event = event
        self.receipt = receipt
        found = finding.send
        person = finding.send.flatMap { people[event.app, $0.send.endpointKey] }
        at = clock.businessTime(of: event)
        words = ReceiptWords(receipt.kind, channel: receipt.channel)
    }

    var engagement: Engagement? {
        guard let found, person != nil,
            let kind = ReceiptWords.engagement(receipt.kind, channel: receipt.channel)
        else { return nil }
        return Engagement(
            kind: kind, app: event.app, campaign: found.campaign, run: found.send.run,
            treatment: String(found.send.treatment), endpointKey: found.send.endpointKey, at: at)
    }
}

/// Endpoints that are still there: whoever was deleted is not followed by what becomes of the messages they still have.
struct People {
    struct Person {
        let channel: String?
        let addressHash: [UInt8]?
    }

    private var known: [AppID: [Int64: Person]] = [:]

    init(of sends: [(FoundSend, AppID)], in session: Session) async throws {
        guard !sends.isEmpty else { return }
        let rows = try await session.query(
            """
            SELECT e.app, e.endpoint_key, e.channel_type, e.address_hash
              FROM unnest(\(sends.map(\.1)), \(sends.map(\.0.send.endpointKey))) AS w (app, key)
              JOIN endpoints e ON e.app = w.app AND e.endpoint_key = w.key
            """)
        for row in rows {
            known[try row.get(0), default: [:]][try row.get(1)] = Person(
                channel: try row.get(2), addressHash: try row.get(3))
        }
    }

    subscript(app: AppID, key: Int64) -> Person? { known[app]?[key] }
}

/// A receipt as a row of the event log.
struct ServiceEvent {
    let id: EventID
    let app: AppID
    let endpointKey: Int64
    let type: String
    let at: Instant
    let attributes: JSONObject
    let metrics: JSONObject
    let startsCampaigns: Bool

    /// Nil when it is worth none, or there is nobody to have it.
    init?(_ receipt: AppliedReceipt) {
        guard let type = receipt.words.type, let found = receipt.found, receipt.person != nil else { return nil }
        self.type = String(type.prefix(EventRules.typeCharacters))
        app = receipt.event.app
        endpointKey = found.send.endpointKey
        at = receipt.at
        attributes = receipt.words.attributes(
            receipt.receipt, run: found.send.run, campaign: found.campaign, treatment: found.send.treatment)
        metrics = JSONObject(
            uniqueMembers: receipt.receipt.metrics.sorted { $0.key < $1.key }.prefix(EventRules.keysPerEvent).map {
                JSONObject.Member(key: String($0.key.prefix(EventRules.nameCharacters)), value: .double($0.value))
            })
        startsCampaigns = receipt.words.startsCampaigns && !found.isStartedByService
        // As of other events: the time, and a digest of what it is.
        let (first, second) = SHA256.words(
            receipt.event.provider.bytes + receipt.event.key + Array(self.type.utf8))
        id = EventID(high: UInt64(bitPattern: at.milliseconds) << 16 | first >> 48, low: first << 16 | second >> 48)
    }

    var contents: SegmentEvent { SegmentEvent(type: type, at: at, attributes: attributes, metrics: metrics) }

    /// Their weeks have partitions.
    static func insert(_ events: [ServiceEvent], receivedAt: Instant) -> SQL {
        """
        INSERT INTO events (week, endpoint_key, id, app, type, at, received_at, attributes, metrics)
        SELECT w.week, w.key, w.id, w.app, w.type, w.at, \(receivedAt), w.attributes, w.metrics
          FROM unnest(\(SQLBind.dayArray(events.map(\.at.day.weekStart))), \(events.map(\.endpointKey)),
                      \(events.map(\.id)), \(events.map(\.app)), \(events.map(\.type)),
                      \(SQLBind.instantArray(events.map(\.at))),
                      \(SQLBind.jsonbArray(events.map { JSON.object($0.attributes).serialized })),
                      \(SQLBind.jsonbArray(events.map { $0.metrics.isEmpty ? nil : JSON.object($0.metrics).serialized })))
            AS w (week, key, id, app, type, at, attributes, metrics)
        ON CONFLICT DO NOTHING
        """
    }
}
