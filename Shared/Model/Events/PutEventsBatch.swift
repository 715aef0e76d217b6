import Core
import PinpointAPI

/// One endpoint of a PutEvents request, with its answer so far.
struct PutEventsItem: Sendable {
    struct EventAnswer: Sendable {
        let key: JSONNode
        /// Index of the fault's text; nil is accepted.
        let message: Int?
    }

    let key: JSONNode
    /// Index of its write in the request; nil when its `Endpoint` is empty or was refused.
    var write: Int?
    var endpointMessage: Int?
    var events: [EventAnswer] = []

    init(key: JSONNode) {
        self.key = key
    }
}

/// A read PutEvents request: what to store, and what to answer once it is.
package struct PutEventsBatch: Sendable {
    package let request: IngestRequest
    let index: JSONIndex
    let items: [PutEventsItem]
    let messages: [String]

    /// Nothing of it can be stored.
    package var isEmpty: Bool { request.writes.isEmpty && (request.events?.count ?? 0) == 0 }

    /// The EventsResponse, written straight from the request's own keys.
    package func answer(_ outcome: IngestOutcome) -> [UInt8] {
        var text: [UInt8] = []
        text.reserveCapacity(64 + items.reduce(0) { $0 + 128 + $1.events.count * 96 })
        text.append(contentsOf: "{\"Results\":{".utf8)
        for (place, item) in items.enumerated() {
            if place > 0 { text.append(UInt8(ascii: ",")) }
            append(key: item.key, to: &text)
            text.append(contentsOf: ":{\"EndpointItemResponse\":".utf8)
            let refusal = item.write.flatMap { outcome.writes[$0] }
            if let refusal {
                Self.append(refusal.message, status: refusal.status, to: &text)
            } else {
                append(item.endpointMessage, to: &text)
            }
            text.append(contentsOf: ",\"EventsItemResponse\":{".utf8)
            for (place, event) in item.events.enumerated() {
                if place > 0 { text.append(UInt8(ascii: ",")) }
                append(key: event.key, to: &text)
                text.append(UInt8(ascii: ":"))
                append(event.message, to: &text)
            }
            text.append(contentsOf: "}}".utf8)
        }
        text.append(contentsOf: "}}".utf8)
        return text
    }

    /// As the client wrote it, quotes and escapes included.
    private func append(key: JSONNode, to text: inout [UInt8]) {
        index.bytes.withUnsafeBufferPointer { text.append(contentsOf: $0[index.range(key)]) }
    }

    private func append(_ message: Int?, to text: inout [UInt8]) {
        guard let message else { return text.append(contentsOf: Self.accepted) }
        Self.append(messages[message], status: 400, to: &text)
    }

    private static let accepted = Array("{\"Message\":\"Accepted\",\"StatusCode\":202}".utf8)

    private static func append(_ message: String, status: Int, to text: inout [UInt8]) {
        text.append(
            contentsOf: JSON.object(["Message": .string(message), "StatusCode": .integer(Int64(status))]).serialized)
    }
}
