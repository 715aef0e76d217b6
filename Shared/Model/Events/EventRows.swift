package import Core
import Crypto
package import Postgres

/// Events of one request, encoded as rows of the COPY that a group commit sends, with what the commit must know of them.
package struct EventRows: Sendable {
    /// How many of one type fall into one minute of business time.
    package struct Tally: Sendable, Equatable {
        package var type: String
        /// Since 1970.
        package var minute: Int64
        package var count: Int
    }

    /// `week, endpoint_key, id, app, type, at, received_at, attributes, metrics, context`
    package static let columns = 10

    package private(set) var copy: CopyWriter
    /// Partition keys, each once.
    package private(set) var weeks: [Day] = []
    /// Endpoints that the events are of; neighbours differ.
    package private(set) var endpointKeys: [Int64] = []
    package private(set) var tallies: [Tally] = []
    private let app: AppID
    package let receivedAt: Instant
    private var watch: TriggerWatch?
    private var digestInput: [UInt8]
    private var lastDay: (day: Int64, week: Day)?

    /// `triggers`: of the events' source.
    package init(app: AppID, receivedAt: Instant, triggers: EventTriggers = .none, reservingBytes: Int = 4096) {
        self.app = app
        self.receivedAt = receivedAt
        watch = TriggerWatch(triggers, receivedAt: receivedAt)
        copy = CopyWriter(columns: Self.columns, reservingBytes: reservingBytes)
        digestInput = app.bytes
        digestInput.reserveCapacity(256)
    }

    package var count: Int { copy.count }
    /// Events that start campaigns, of those that turn out to be new.
    package var triggered: [TriggeredEvent] { watch?.matched ?? [] }
    package var byteCount: Int { copy.byteCount }

    /// One event. `key` is the client's event key (the map key in PutEvents); `type` is UTF-8; the JSON slices are complete,
    /// valid and free of NUL, or nil.
    package mutating func append(
        endpointKey: Int64, eventKey: UnsafeRawBufferPointer, type: UnsafeRawBufferPointer, at: Instant,
        attributes: UnsafeRawBufferPointer?, metrics: UnsafeRawBufferPointer?, context: UnsafeRawBufferPointer?
    ) {
        let week = self.week(of: at)
        let id = eventID(endpointKey: endpointKey, eventKey: eventKey, type: type, at: at)
        copy.beginRow()
        copy.write(week)
        copy.write(endpointKey)
        copy.write(uuidHigh: id.high, low: id.low)
        copy.write(app)
        copy.write(text: type)
        copy.write(at)
        copy.write(receivedAt)
        write(attributes)
        write(metrics)
        write(context)
        if endpointKeys.last != endpointKey { endpointKeys.append(endpointKey) }
        let kind = tally(type, minute: at.seconds.flooredDivision(by: 60))
        if watch?.wants(kind: kind) == true {
            watch?.look(
                at: EventID(high: id.high, low: id.low), of: endpointKey, kind: kind, type: tallies[kind].type, at: at,
                attributes: attributes, metrics: metrics)
        }
    }

    private mutating func write(_ json: UnsafeRawBufferPointer?) {
        if let json { copy.write(jsonb: json) } else { copy.writeNull() }
    }

    private mutating func week(of at: Instant) -> Day {
        let day = at.microseconds.flooredDivision(by: 86_400_000_000)
        if let lastDay, lastDay.day == day { return lastDay.week }
        let week = at.day.weekStart
        lastDay = (day, week)
        if !weeks.contains(week) { weeks.append(week) }
        return week
    }

    /// 48 bits of milliseconds ‖ 80 bits of SHA-256: rows come in time order, and a retry has the id of the first try.
    private mutating func eventID(
        endpointKey: Int64, eventKey: UnsafeRawBufferPointer, type: UnsafeRawBufferPointer, at: Instant
    ) -> (high: UInt64, low: UInt64) {
        digestInput.removeSubrange(16...)
        Self.append(endpointKey, to: &digestInput)
        Self.append(at.microseconds, to: &digestInput)
        Self.append(Int64(eventKey.count), to: &digestInput)
        digestInput.append(contentsOf: eventKey)
        digestInput.append(contentsOf: type)
        let (first, second) = SHA256.words(digestInput)
        // 16 bits behind the time, then the digest's next 64.
        return (UInt64(bitPattern: at.milliseconds) << 16 | first >> 48, first << 16 | second >> 48)
    }

    private static func append(_ value: Int64, to bytes: inout [UInt8]) {
        withUnsafeBytes(of: value.bigEndian) { bytes.append(contentsOf: $0) }
    }

    /// A request has few types, and its events are close in time. Answers the place in `tallies`.
    private mutating func tally(_ type: UnsafeRawBufferPointer, minute: Int64) -> Int {
        for index in tallies.indices.reversed() where tallies[index].minute == minute {
            if Self.isSame(&tallies[index].type, type) {
                tallies[index].count += 1
                return index
            }
        }
        let text = String(decoding: type, as: UTF8.self)
        tallies.append(Tally(type: text, minute: minute, count: 1))
        watch?.noteKind(type: text)
        return tallies.count - 1
    }

    private static func isSame(_ text: inout String, _ bytes: UnsafeRawBufferPointer) -> Bool {
        text.withUTF8 { text in
            guard text.count == bytes.count else { return false }
            for index in text.indices where text[index] != bytes[index] { return false }
            return true
        }
    }
}
