import Access
import Core
import HTTPServer
import Hosting
import Model
import PinpointAPI
import Postgres
import Queue

/// `/v1/apps/{app}/conversations`: what people wrote, what they were answered, and who goes on.
struct ConversationCalls: Sendable {
    let desk: ReplyDesk

    private typealias Position = (at: Instant, id: ConversationID)

    func list(_ call: RequestContext) async throws -> HTTPResponse {
        let app = try await call.app()
        let query = try QueryParameters(call.request)
        var filter = ConversationStore.Filter()
        if let text = query.string("state") {
            guard let state = Conversation.State(rawValue: text) else {
                throw WirePath.root.member("state").refusal("must be OPEN, HANDED_OVER or CLOSED")
            }
            filter.state = state
        }
        filter.channel = query.string("channel")
        filter.assignee = query.string("assignee")
        filter.isUnderReview = try query.bool("review") ?? false
        if let address = query.string("address") {
            filter.hash = desk.hasher.hash(address, channel: filter.channel ?? "SMS", app: app)
        }
        let page = try KeysetPage<Position>(
            call, list: "GetConversations",
            read: { token throws(APIError) in
                guard let id = ConversationID(try token.string("Id")) else { throw PageToken.invalid }
                return (try token.instant("ModifiedAt"), id)
            },
            write: { ["ModifiedAt": .integer($0.at.microseconds), "Id": .string($0.id.description)] })
        let found = try await desk.database.withSession { [filter] session in
            try await ConversationStore.list(app, filter, before: page.start, limit: page.limit, in: session)
        }
        let (shown, next) = page.cut(found) { ($0.modifiedAt, $0.id) }
        return ReplyAnswers.page(shown.map { .object(Self.members(of: $0)) }, next)
    }

    func get(_ call: RequestContext) async throws -> HTTPResponse {
        ReplyAnswers.ok(Self.members(of: try await find(call).conversation))
    }

    /// `{"State", "Assignee"}`; what is left out stays. An assignee of "" is nobody.
    func update(_ call: RequestContext) async throws -> HTTPResponse {
        let (app, found) = try await find(call)
        let json = try call.json()
        try NeedletailMembers.only(["State", "Assignee"], of: json, at: .root)
        let reader = try WireReader(json, at: .root)
        let state: String? = try reader.read("State")
        try reader.check(allowed: Conversation.State.allCases.map(\.rawValue), state, "State")
        let assignee: String? = try reader.read("Assignee")
        try reader.check(length: 0...200, assignee, "Assignee")
        let now = desk.environment.now()
        let changed = try await desk.database.transaction { session in
            guard
                var conversation = try await ConversationStore.find(app, found.id, isLocking: true, in: session)
            else { throw APIError.resourceNotFound }
            conversation.state = state.flatMap(Conversation.State.init(rawValue:)) ?? conversation.state
            if let assignee { conversation.assignee = assignee.isEmpty ? nil : assignee }
            conversation.modifiedAt = now
            try await ConversationStore.update(app, conversation, now: now, in: session)
            if conversation.state != .open {
                try await SurveyStore.stop(app, conversation.id, .stopped, now: now, in: session)
            }
            return conversation
        }
        return ReplyAnswers.ok(Self.members(of: changed))
    }

    /// Latest first.
    func messages(_ call: RequestContext) async throws -> HTTPResponse {
        let (app, found) = try await find(call)
        let page = try KeysetPage<Int64>(
            call, list: "GetConversationMessages",
            read: { token throws(APIError) in Int64(try token.integer("Id")) },
            write: { ["Id": .integer($0)] })
        let messages = try await desk.database.withSession { session in
            try await ConversationStore.messages(
                of: found.id, app, before: page.start, limit: page.limit, in: session)
        }
        let (shown, next) = page.cut(messages, at: \.id)
        return ReplyAnswers.page(shown.map { .object(Self.members(of: $0)) }, next)
    }

    /// `{"Body", "Subject"}`: an answer by a person. It is text, never a template, and takes the conversation over from rules and chat.
    func answer(_ call: RequestContext) async throws -> HTTPResponse {
        let (app, found) = try await find(call)
        let json = try call.json()
        try NeedletailMembers.only(["Body", "Subject"], of: json, at: .root)
        let reader = try WireReader(json, at: .root)
        let body: String? = try reader.require("Body")
        try reader.check(length: 1...(found.channel == "SMS" ? 1600 : 10_000), body, "Body")
        let subject: String? = try reader.read("Subject")
        try reader.check(length: 1...200, subject, "Subject")
        let now = desk.environment.now()
        let message = try await desk.database.transaction { session in
            guard
                var conversation = try await ConversationStore.find(app, found.id, isLocking: true, in: session)
            else { throw APIError.resourceNotFound }
            let history = try await ConversationStore.messages(of: found.id, app, before: nil, limit: 20, in: session)
            let last = history.first { $0.isInbound }
            var answer = ConversationMessage(
                author: .operator, body: body ?? "", subject: subject ?? ConversationTurn.subject(last?.subject),
                at: now)
            answer.id = try await ConversationStore.add(answer, to: found.id, of: app, in: session)
            if conversation.state == .open { conversation.state = .handedOver }
            try await ConversationStore.update(app, conversation, now: now, in: session)
            let references = history.reversed().compactMap(\.messageID)
            let send = ReplyJob.Send(
                conversation: found.id, message: answer.id, kind: .message, references: references)
            try await desk.enqueue(.send(send), for: app, at: now, in: session)
            return answer
        }
        desk.hints.notify(.replies)
        return ReplyAnswers.ok(Self.members(of: message), status: 202)
    }

    /// `{"Decision": "OPT_OUT" | "KEEP"}`: what a sentence with a word for stopping meant.
    func review(_ call: RequestContext) async throws -> HTTPResponse {
        let (app, found) = try await find(call)
        let json = try call.json()
        try NeedletailMembers.only(["Decision"], of: json, at: .root)
        let reader = try WireReader(json, at: .root)
        let text: String? = try reader.require("Decision")
        try reader.check(allowed: ReplyReviewStore.Decision.allCases.map(\.rawValue), text, "Decision")
        guard let decision = text.flatMap(ReplyReviewStore.Decision.init(rawValue:)) else {
            throw APIError.resourceNotFound
        }
        let now = desk.environment.now()
        let decider = call.caller?.keyID
        let count = try await desk.database.transaction { session in
            let count = try await ReplyReviewStore.decide(
                app, found.id, decision, by: decider, now: now, in: session)
            if decision == .optOut {
                let sender = try await OptOutStore.sender(app, found.ourAddress, in: session)
                try await OptOutStore.add(
                    app, list: sender.optOutList, hash: found.addressHash, channel: found.channel, isByPerson: true,
                    source: ["from": "reply", "conversation": .string(found.id.description), "review": true], now: now,
                    in: session)
                try await SurveyStore.stop(app, found.id, .stopped, now: now, in: session)
            }
            return count
        }
        return ReplyAnswers.ok(["Decision": .string(decision.rawValue), "Messages": .integer(Int64(count))])
    }

    // MARK: Parts

    private func find(_ call: RequestContext) async throws -> (app: AppID, conversation: Conversation) {
        let app = try await call.app()
        let id = try call.id("conversation-id", of: Noun.Conversation.self)
        let found = try await desk.database.withSession { session in
            try await ConversationStore.find(app, id, in: session)
        }
        guard let found else { throw APIError.resourceNotFound }
        return (app, found)
    }

    static func members(of conversation: Conversation) -> JSONObject {
        var members: JSONObject = [
            "Id": .string(conversation.id.description), "ChannelType": .string(conversation.channel),
            "Address": .string(conversation.address), "OriginationAddress": .string(conversation.ourAddress),
            "State": .string(conversation.state.rawValue), "ReviewPending": .bool(conversation.isUnderReview),
            "CreationDate": .string(conversation.createdAt.description),
            "LastModifiedDate": .string(conversation.modifiedAt.description),
        ]
        if let assignee = conversation.assignee { members["Assignee"] = .string(assignee) }
        if let endpoint = conversation.endpointID { members["EndpointId"] = .string(endpoint.rawValue) }
        return members
    }

    static func members(of message: ConversationMessage) -> JSONObject {
        var members: JSONObject = [
            "Id": .string(String(message.id)), "Direction": message.isInbound ? "IN" : "OUT",
            "Author": .string(message.author.rawValue), "Body": .string(message.body),
            "CreationDate": .string(message.at.description),
        ]
        if let subject = message.subject { members["Subject"] = .string(subject) }
        if !message.mediaURLs.isEmpty { members["MediaUrls"] = .array(message.mediaURLs.map { .string($0) }) }
        if let run = message.run { members["RunId"] = .string(run.description) }
        return members
    }
}
