import Core
import HTTPServer
import Hosting
import Model
import PinpointAPI
import Postgres
import Queue
import Replies

/// `/v1/apps/{app}/surveys`: questions, who is asked, and what came of it.
struct SurveyCalls: Sendable {
    let desk: ReplyDesk

    private typealias SurveyID = HexID<Noun.Survey>

    func list(_ call: RequestContext) async throws -> HTTPResponse {
        let app = try await call.app()
        let page = try KeysetPage.byCreation(call, list: "GetSurveys", of: Noun.Survey.self)
        let surveys = try await desk.database.withSession { session in
            try await SurveyStore.list(
                app, after: page.start.map { ($0.createdAt, $0.id) }, limit: page.limit, in: session)
        }
        let (shown, next) = page.cut(surveys) { CreationPosition(createdAt: $0.createdAt, id: $0.id) }
        return ReplyAnswers.page(shown.map { .object(Self.members(of: $0)) }, next)
    }

    func create(_ call: RequestContext) async throws -> HTTPResponse {
        try await put(call, try await call.app(), desk.environment.newID(), status: 201)
    }

    func get(_ call: RequestContext) async throws -> HTTPResponse {
        ReplyAnswers.ok(Self.members(of: try await find(call).1))
    }

    /// People who are in it go on by the new questions.
    func update(_ call: RequestContext) async throws -> HTTPResponse {
        let (app, stored) = try await find(call)
        return try await put(call, app, stored.id, status: 200)
    }

    func delete(_ call: RequestContext) async throws -> HTTPResponse {
        let (app, stored) = try await find(call)
        _ = try await desk.database.transaction { session in
            try await SurveyStore.delete(app, stored.id, in: session)
        }
        return ReplyAnswers.ok(Self.members(of: stored))
    }

    func results(_ call: RequestContext) async throws -> HTTPResponse {
        let (app, stored) = try await find(call)
        let results = try await desk.database.withSession { session in
            try await SurveyStore.results(app, stored.id, in: session)
        }
        var outcomes: JSONObject = [:]
        for outcome in SurveySession.Outcome.allCases {
            outcomes[outcome.rawValue] = .integer(Int64(results.outcomes[outcome.rawValue] ?? 0))
        }
        let answers: [JSON] = results.answers.map { answer in
            [
                "QuestionId": .string(answer.question), "Answer": .string(answer.value),
                "Count": .integer(Int64(answer.count)),
            ]
        }
        return ReplyAnswers.ok([
            "SurveyId": .string(stored.id.description), "Started": .integer(Int64(results.started)),
            "Running": .integer(Int64(results.running)), "Ended": .object(outcomes), "Answers": .array(answers),
        ])
    }

    /// `{"ChannelType", "Address", "OriginationAddress"}`: asks the first question. Gate and opt-outs hold; a survey that the person is in
    /// ends.
    func start(_ call: RequestContext) async throws -> HTTPResponse {
        let (app, stored) = try await find(call)
        let json = try call.json()
        try NeedletailMembers.only(["ChannelType", "Address", "OriginationAddress"], of: json, at: .root)
        let reader = try WireReader(json, at: .root)
        let channel: String? = try reader.require("ChannelType")
        try reader.check(allowed: ReplyRule.channels, channel, "ChannelType")
        let address: String? = try reader.require("Address")
        try reader.check(length: 3...320, address, "Address")
        let from: String? = try reader.require("OriginationAddress")
        try reader.check(length: 1...320, from, "OriginationAddress")
        let (type, to) = (channel ?? "", address ?? "")
        let hash = desk.hasher.hash(to, channel: type, app: app)
        let (now, newID) = (desk.environment.now(), desk.environment.newID(of: Noun.Conversation.self))
        let id = try await desk.database.transaction { session in
            guard try await ConversationPerson.endpoint(app, channel: type, hash: hash, in: session) != nil else {
                throw WirePath.root.member("Address").refusal("is no endpoint's of that ChannelType")
            }
            let conversation = try await ConversationStore.receive(
                app, channel: type, hash: hash, from: to, to: from ?? "", newID: newID, now: now, in: session)
            try await SurveyStore.stop(app, conversation.id, .stopped, now: now, in: session)
            var machine = SurveyMachine()
            guard case .ask(let text) = machine.start(stored.content.survey) else { return conversation.id }
            try await SurveyStore.save(
                app,
                SurveySession(survey: stored.id, conversation: conversation.id, startedAt: now, machine: machine),
                in: session)
            let question = ConversationMessage(author: .survey, body: text, subject: stored.content.name, at: now)
            let message = try await ConversationStore.add(question, to: conversation.id, of: app, in: session)
            let send = ReplyJob.Send(conversation: conversation.id, message: message, kind: nil)
            try await desk.enqueue(.send(send), for: app, at: now, in: session)
            return conversation.id
        }
        desk.hints.notify(.replies)
        return ReplyAnswers.ok(["ConversationId": .string(id.description)], status: 202)
    }

    // MARK: Parts

    private func put(_ call: RequestContext, _ app: AppID, _ id: SurveyID, status: Int) async throws -> HTTPResponse {
        let content = try SurveyDefinition(try call.json())
        let now = desk.environment.now()
        let stored = try await desk.database.transaction { session in
            try await SurveyStore.put(app, id, content, now: now, in: session)
            return try await SurveyStore.find(app, id, in: session)
        }
        guard let stored else { throw APIError.resourceNotFound }
        return ReplyAnswers.ok(Self.members(of: stored), status: status)
    }

    private func find(_ call: RequestContext) async throws -> (AppID, StoredSurvey) {
        let app = try await call.app()
        let id = try call.id("survey-id", of: Noun.Survey.self)
        let found = try await desk.database.withSession { session in
            try await SurveyStore.find(app, id, in: session)
        }
        guard let found else { throw APIError.resourceNotFound }
        return (app, found)
    }

    private static func members(of stored: StoredSurvey) -> JSONObject {
        var members: JSONObject = ["Id": .string(stored.id.description)]
        for member in stored.content.definition.members { members[member.key] = member.value }
        members["CreationDate"] = .string(stored.createdAt.description)
        members["LastModifiedDate"] = .string(stored.modifiedAt.description)
        return members
    }
}
