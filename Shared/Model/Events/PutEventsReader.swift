package import Core
package import PinpointAPI

/// Reads the body of PutEvents into rows, without a tree: this is the hottest code of the product (100 events a request).
///
/// The scanner has checked the whole text: UTF-8, escapes, numbers, duplicate keys, NUL. What is checked here are names,
/// kinds and limits; then the slices of attributes and metrics go to Postgres as they came.
package struct PutEventsReader {
    let index: JSONIndex
    let app: AppID
    let now: Instant
    let isPublished: Bool
    /// The texts of all items; an item with a fault is answered with 400 and stores nothing.
    var items: [PutEventsItem] = []
    var messages: [String] = []
    var writes: [EndpointWrite] = []
    var events: EventRows
    var eventCount = 0

    private init(_ index: JSONIndex, app: AppID, now: Instant, isPublished: Bool, triggers: EventTriggers) {
        self.index = index
        self.app = app
        self.now = now
        self.isPublished = isPublished
        events = EventRows(
            app: app, receivedAt: now, triggers: triggers,
            reservingBytes: index.bytes.count + index.bytes.count / 2)
    }

    /// Throws 400 for what concerns the whole request: malformed JSON, no `BatchItem`, more than 100 endpoints or events.
    /// `isPublished`: by a credential that anybody can read out of a page.
    package static func read(
        _ body: [UInt8], app: AppID, now: Instant, isPublished: Bool = false, triggers: EventTriggers = .none
    ) throws(APIError) -> PutEventsBatch {
        let index: JSONIndex
        do throws(JSONFault) { index = try JSONIndex(body) } catch { throw .malformed(error) }
        var reader = PutEventsReader(index, app: app, now: now, isPublished: isPublished, triggers: triggers)
        try reader.readBatch()
        return PutEventsBatch(
            request: IngestRequest(
                app: app, writes: reader.writes, events: reader.events.count > 0 ? reader.events : nil),
            index: index, items: reader.items, messages: reader.messages)
    }

    private mutating func readBatch() throws(APIError) {
        guard index.isObject(index.root) else { throw WirePath.root.refusal("must be a JSON object") }
        let path = WirePath.root.member("BatchItem")
        guard let batch = index.member("BatchItem", of: index.root), !index.isNull(batch) else {
            throw path.refusal("is required")
        }
        guard index.isObject(batch) else { throw path.refusal("must be a JSON object") }
        guard index.count(batch) <= Limits.endpointsPerBatch else {
            throw path.refusal("can have \(Limits.endpointsPerBatch) endpoints")
        }
        try index.forEachMember(of: batch) { key, value throws(APIError) in try readItem(key, value, path) }
    }

    private mutating func readItem(_ key: JSONNode, _ value: JSONNode, _ path: WirePath) throws(APIError) {
        let text = index.string(key) ?? ""
        let path = path.member(text)
        let id = try EndpointWrite.checkedID(text, at: path)
        guard index.isObject(value) else { throw path.refusal("must be a JSON object") }
        guard let endpoint = index.member("Endpoint", of: value), !index.isNull(endpoint) else {
            throw path.member("Endpoint").refusal("is required")
        }
        guard let events = index.member("Events", of: value), !index.isNull(events) else {
            throw path.member("Events").refusal("is required")
        }
        guard index.isObject(endpoint) else { throw path.member("Endpoint").refusal("must be a JSON object") }
        guard index.isObject(events) else { throw path.member("Events").refusal("must be a JSON object") }
        eventCount += index.count(events)
        guard eventCount <= Limits.eventsPerRequest else {
            throw .badRequest("A request can have \(Limits.eventsPerRequest) events")
        }
        var item = PutEventsItem(key: key)
        if index.count(endpoint) > 0 { readEndpoint(endpoint, id, path.member("Endpoint"), &item) }
        let identity = item.write.map { writes[$0].identity } ?? EndpointIdentity(app: app, id: id)
        item.events.reserveCapacity(index.count(events))
        index.forEachMember(of: events) { key, event in
            let fault = readEvent(key, event, endpointKey: identity.key)
            item.events.append(PutEventsItem.EventAnswer(key: key, message: fault.map { note($0) }))
        }
        items.append(item)
    }

    /// A fault of the endpoint does not touch its events: they are of an id, not of what is known of it.
    private mutating func readEndpoint(
        _ node: JSONNode, _ id: EndpointID, _ path: WirePath, _ item: inout PutEventsItem
    ) {
        do throws(APIError) {
            let endpoint = try PublicEndpoint(json: index.json(node), at: path)
            writes.append(try EndpointWrite(endpoint, app: app, id: id, now: now, at: path))
            item.write = writes.count - 1
        } catch {
            item.endpointMessage = note(error.message)
        }
    }

    private mutating func note(_ message: String) -> Int {
        if messages.last != message { messages.append(message) }
        return messages.count - 1
    }
}
