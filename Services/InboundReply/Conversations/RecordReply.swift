import Core
import Hosting
import Model
import PinpointAPI
import Postgres
import Queue

/// Writes what a message says of a person: attributes of their endpoint, and events that may start campaigns.
struct RecordReply {
    let desk: ReplyDesk

    func run(_ record: ReplyJob.Record, _ job: LeasedJob, _ app: AppID) async throws {
        let found = try await desk.database.withSession { session in
            try await ConversationStore.find(app, record.conversation, in: session)
        }
        guard let conversation = found else { return try await desk.complete(job) }
        let made = ConversationPerson.newEndpoint(
            app, channel: conversation.channel, address: conversation.address, hash: conversation.addressHash,
            now: record.at)
        do {
            let endpoint = try await desk.endpoint(of: conversation, app: app)
            var request = IngestRequest(app: app)
            if let write = write(record, endpoint.id, made.id, app) { request.writes = [write] }
            if !record.events.isEmpty { request.events = try await events(record, endpoint.key, app) }
            guard !request.writes.isEmpty || request.events != nil else { return try await desk.complete(job) }
            let outcome = try await desk.ingest.submit(request)
            if let refusal = outcome.firstRefusal {
                desk.environment.log.warning(
                    "replies.attributes_refused",
                    ["conversation": .string(conversation.id.description), "error": .string("\(refusal)")])
            }
        } catch let error as APIError where error.status < 500 {
            desk.environment.log.warning("replies.record_refused", ["error": .string("\(error)")])
        }
        try await desk.complete(job)
    }

    private func write(
        _ record: ReplyJob.Record, _ endpoint: EndpointID, _ made: EndpointID, _ app: AppID
    ) -> EndpointWrite? {
        // OptOut is the client's own field on endpoints that a client has made.
        let optOut = endpoint == made ? record.optOut : nil
        guard optOut != nil || !record.attributes.isEmpty else { return nil }
        var write = EndpointWrite(app: app, id: endpoint, creation: .withoutAddress, effectiveAt: record.at)
        write.optOut = optOut
        for (name, values) in record.attributes.sorted(by: { $0.key < $1.key }) {
            write.attributes[name] = values.isEmpty ? .null : .array(values.map { .string($0) })
        }
        return write
    }

    private func events(_ record: ReplyJob.Record, _ endpoint: Int64, _ app: AppID) async throws -> EventRows {
        let triggers = try await desk.triggers.triggers(of: app).system
        var rows = EventRows(app: app, receivedAt: desk.environment.now(), triggers: triggers)
        for (number, event) in record.events.enumerated() {
            var attributes: JSONObject = ["conversation_id": .string(record.conversation.description)]
            for (name, value) in event.attributes.sorted(by: { $0.key < $1.key }) { attributes[name] = .string(value) }
            let bytes = JSON.object(attributes).serialized
            Array("\(record.key):\(number)".utf8).withUnsafeBytes { key in
                Array(event.type.utf8).withUnsafeBytes { type in
                    bytes.withUnsafeBytes { attributes in
                        rows.append(
                            endpointKey: endpoint, eventKey: key, type: type, at: record.at, attributes: attributes,
                            metrics: nil, context: nil)
                    }
                }
            }
        }
        return rows
    }
}
