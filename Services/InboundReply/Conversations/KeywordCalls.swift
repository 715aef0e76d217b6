import Core
import HTTPServer
import Hosting
import Model
import PinpointAPI
import Postgres
import Replies

/// `/v1/apps/{app}/keywords/{number}`: what a number answers by itself, and which opt-out list holds for it. The number `*` stands for
/// all. Words for STOP, START and HELP keep their meaning; a keyword of that text only says what is answered.
struct KeywordCalls: Sendable {
    let desk: ReplyDesk

    func list(_ call: RequestContext) async throws -> HTTPResponse {
        let app = try await call.app()
        let number = try ReplyAnswers.number(call, isPerson: false)
        let (keywords, sender) = try await desk.database.withSession { session in
            (
                try await ReplyKeywordStore.list(app, number, in: session),
                try await OptOutStore.sender(app, number, in: session)
            )
        }
        var object = Self.members(of: sender)
        object["Item"] = .array(keywords.map { .object(Self.members(of: $0)) })
        return ReplyAnswers.ok(object)
    }

    /// `{"OptOutListName", "SelfManagedOptOutsEnabled"}`, both as they are from then on.
    func setSender(_ call: RequestContext) async throws -> HTTPResponse {
        let app = try await call.app()
        let number = try ReplyAnswers.number(call, isPerson: false)
        let json = try call.json()
        try NeedletailMembers.only(["OptOutListName", "SelfManagedOptOutsEnabled"], of: json, at: .root)
        let reader = try WireReader(json, at: .root)
        let list: String? = try reader.read("OptOutListName")
        let isSelfManaged: Bool? = try reader.read("SelfManagedOptOutsEnabled")
        let sender = SenderNumber(
            optOutList: list == OptOutStore.defaultList ? nil : list, isSelfManaged: isSelfManaged ?? false)
        let now = desk.environment.now()
        try await desk.database.transaction { session in
            try await OptOutStore.setSender(app, number, sender, now: now, in: session)
        }
        return ReplyAnswers.ok(Self.members(of: sender))
    }

    /// `{"KeywordMessage", "KeywordAction"}`
    func put(_ call: RequestContext) async throws -> HTTPResponse {
        let app = try await call.app()
        let number = try ReplyAnswers.number(call, isPerson: false)
        let text = try call.parameter("keyword")
        guard (1...ReplyKeyword.keywordCharacters).contains(text.unicodeScalars.count),
            !FoldedText(text).scalars.isEmpty
        else {
            throw WirePath.root.member("keyword").refusal(
                "must have 1 to \(ReplyKeyword.keywordCharacters) characters, a letter or digit among them")
        }
        let json = try call.json()
        try NeedletailMembers.only(["KeywordMessage", "KeywordAction"], of: json, at: .root)
        let reader = try WireReader(json, at: .root)
        let message: String? = try reader.require("KeywordMessage")
        try reader.check(length: 1...ReplyKeyword.messageCharacters, message, "KeywordMessage")
        let action: String? = try reader.read("KeywordAction")
        try reader.check(allowed: ReplyKeyword.Action.allCases.map(\.rawValue), action, "KeywordAction")
        let keyword = ReplyKeyword(
            keyword: text, message: message ?? "",
            action: action.flatMap(ReplyKeyword.Action.init(rawValue:)) ?? .automaticResponse)
        let now = desk.environment.now()
        try await desk.database.transaction { session in
            try await ReplyKeywordStore.put(app, number, keyword, now: now, in: session)
        }
        return ReplyAnswers.ok(Self.members(of: keyword))
    }

    func delete(_ call: RequestContext) async throws -> HTTPResponse {
        let app = try await call.app()
        let number = try ReplyAnswers.number(call, isPerson: false)
        let text = try call.parameter("keyword")
        let deleted = try await desk.database.transaction { session in
            try await ReplyKeywordStore.delete(app, number, text, in: session)
        }
        guard let deleted else { throw APIError.resourceNotFound }
        return ReplyAnswers.ok(Self.members(of: deleted))
    }

    private static func members(of keyword: ReplyKeyword) -> JSONObject {
        [
            "Keyword": .string(keyword.keyword), "KeywordMessage": .string(keyword.message),
            "KeywordAction": .string(keyword.action.rawValue),
        ]
    }

    private static func members(of sender: SenderNumber) -> JSONObject {
        [
            "OptOutListName": .string(sender.optOutList ?? OptOutStore.defaultList),
            "SelfManagedOptOutsEnabled": .bool(sender.isSelfManaged),
        ]
    }
}
