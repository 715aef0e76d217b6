import Core
import Model
import Queue

extension JobQueue {
    /// What follows from people's messages: answers, attributes and events, webhooks, chat endpoints.
    static let replies = JobQueue("replies")
}

/// One thing that follows from a message; done outside of its transaction.
enum ReplyJob: Equatable {
    /// Sends a message of the conversation that is stored already.
    case send(Send)
    /// Writes attributes of the person, and events.
    case record(Record)
    case webhook(Call)
    case chat(Call)

    struct Send: Equatable {
        var conversation: ConversationID
        var message: Int64
        /// Nil: nobody asked for it.
        var kind: AnswerKind?
        var isTemplate = false
        /// E-mail: Message-IDs, oldest first.
        var references: [String] = []
    }

    struct Record: Equatable {
        var conversation: ConversationID
        var at: Instant
        /// Part of the events' keys: a repeated job adds nothing.
        var key: String
        var attributes: [String: [String]] = [:]
        var events: [Event] = []
        /// Only of an endpoint that we made ourselves.
        var optOut: String?
    }

    struct Event: Equatable {
        var type: String
        var attributes: [String: String]
    }

    struct Call: Equatable {
        var conversation: ConversationID
        var message: Int64
        var rule: HexID<Noun.ReplyRule>
        /// Number of the action in the rule.
        var action: Int
        var references: [String] = []
    }

    private var kind: String {
        switch self {
        case .send: "reply.send"
        case .record: "reply.record"
        case .webhook: "reply.webhook"
        case .chat: "reply.chat"
        }
    }

    func job(_ app: AppID, dueAt: Instant) -> NewJob {
        var job = NewJob(queue: .replies, kind: kind, dueAt: dueAt)
        job.app = app
        job.priority = if case .send = self { 0 } else { 10 }
        job.payload = .object(payload)
        return job
    }

    private var payload: JSONObject {
        switch self {
        case .send(let send):
            [
                "conversation": .string(send.conversation.description), "message": .integer(send.message),
                "kind": send.kind.map { .string($0.rawValue) } ?? .null, "template": .bool(send.isTemplate),
                "references": .array(send.references.map { .string($0) }),
            ]
        case .record(let record):
            [
                "conversation": .string(record.conversation.description), "at": .integer(record.at.microseconds),
                "key": .string(record.key), "opt_out": record.optOut.map { .string($0) } ?? .null,
                "attributes": .object(
                    Self.object(record.attributes) { .array($0.map { .string($0) }) }),
                "events": .array(
                    record.events.map {
                        ["type": .string($0.type), "attributes": .object(Self.object($0.attributes) { .string($0) })]
                    }),
            ]
        case .webhook(let call), .chat(let call):
            [
                "conversation": .string(call.conversation.description), "message": .integer(call.message),
                "rule": .string(call.rule.description), "action": .integer(Int64(call.action)),
                "references": .array(call.references.map { .string($0) }),
            ]
        }
    }

    private static func object<Value>(_ values: [String: Value], _ json: (Value) -> JSON) -> JSONObject {
        JSONObject(uniqueMembers: values.sorted { $0.key < $1.key }.map { .init(key: $0.key, value: json($0.value)) })
    }

    /// Throws `.integrity` for a job that is none of these.
    init(_ job: LeasedJob) throws {
        let json = job.payload
        guard let conversation = json["conversation"]?.string.flatMap({ ConversationID($0) }) else {
            throw Fault(.integrity, "job \(job.id) names no conversation")
        }
        let references = (json["references"]?.array ?? []).compactMap(\.string)
        switch job.kind {
        case "reply.send":
            self = .send(
                Send(
                    conversation: conversation, message: Int64(json["message"]?.int ?? 0),
                    kind: json["kind"]?.string.flatMap(AnswerKind.init(rawValue:)),
                    isTemplate: json["template"]?.bool ?? false, references: references))
        case "reply.record":
            var record = Record(
                conversation: conversation, at: Instant(microseconds: Int64(json["at"]?.int ?? 0)),
                key: json["key"]?.string ?? "")
            record.optOut = json["opt_out"]?.string
            for member in json["attributes"]?.object?.members ?? [] {
                record.attributes[member.key] = (member.value.array ?? []).compactMap(\.string)
            }
            record.events = (json["events"]?.array ?? []).map { event in
                var attributes: [String: String] = [:]
                for member in event["attributes"]?.object?.members ?? [] {
                    attributes[member.key] = member.value.string
                }
                return Event(type: event["type"]?.string ?? "", attributes: attributes)
            }
            self = .record(record)
        case "reply.webhook", "reply.chat":
            guard let rule = json["rule"]?.string.flatMap({ HexID<Noun.ReplyRule>($0) }) else {
                throw Fault(.integrity, "job \(job.id) names no rule")
            }
            let call = Call(
                conversation: conversation, message: Int64(json["message"]?.int ?? 0), rule: rule,
                action: json["action"]?.int ?? 0, references: references)
            self = job.kind == "reply.chat" ? .chat(call) : .webhook(call)
        case let kind: throw Fault(.integrity, "job \(job.id) is of kind \(kind)")
        }
    }
}
