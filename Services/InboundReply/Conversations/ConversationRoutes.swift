import Core
import HTTPServer
import Hosting
import Model
import PinpointAPI
import Templates

/// The routes of conversations, keywords, opt-outs, rules and surveys (all extensions; each has an action of its own for policies).
enum ConversationRoutes {
    static func all(_ desk: ReplyDesk) -> [Route] {
        let calls = (
            conversations: ConversationCalls(desk: desk), keywords: KeywordCalls(desk: desk),
            optOuts: OptOutCalls(desk: desk), rules: ReplyRuleCalls(desk: desk), surveys: SurveyCalls(desk: desk)
        )
        return [
            route("GET", "conversations", "GetConversations", calls.conversations.list),
            route("GET", "conversations/{conversation-id}", "GetConversation", calls.conversations.get),
            route("PUT", "conversations/{conversation-id}", "UpdateConversation", calls.conversations.update),
            route("GET", "conversations/{conversation-id}/messages", "GetConversation", calls.conversations.messages),
            route(
                "POST", "conversations/{conversation-id}/messages", "SendConversationMessage",
                calls.conversations.answer),
            route("POST", "conversations/{conversation-id}/review", "ReviewConversation", calls.conversations.review),
            route("GET", "keywords/{number}", "GetKeywords", calls.keywords.list),
            route("PUT", "keywords/{number}", "UpdateSender", calls.keywords.setSender),
            route("PUT", "keywords/{number}/{keyword}", "PutKeyword", calls.keywords.put),
            route("DELETE", "keywords/{number}/{keyword}", "DeleteKeyword", calls.keywords.delete),
            route("GET", "opt-outs", "GetOptOutLists", calls.optOuts.lists),
            route("PUT", "opt-outs/{list}", "CreateOptOutList", calls.optOuts.create),
            route("DELETE", "opt-outs/{list}", "DeleteOptOutList", calls.optOuts.delete),
            route("GET", "opt-outs/{list}/numbers", "GetOptedOutNumbers", calls.optOuts.numbers),
            route("GET", "opt-outs/{list}/numbers/{number}", "GetOptedOutNumbers", calls.optOuts.number),
            route("PUT", "opt-outs/{list}/numbers/{number}", "PutOptedOutNumber", calls.optOuts.put),
            route("DELETE", "opt-outs/{list}/numbers/{number}", "DeleteOptedOutNumber", calls.optOuts.remove),
            route("GET", "reply-rules", "GetReplyRules", calls.rules.list),
            route("POST", "reply-rules", "CreateReplyRule", calls.rules.create),
            route("GET", "reply-rules/{rule-id}", "GetReplyRules", calls.rules.get),
            route("PUT", "reply-rules/{rule-id}", "UpdateReplyRule", calls.rules.update),
            route("DELETE", "reply-rules/{rule-id}", "DeleteReplyRule", calls.rules.delete),
            route("GET", "surveys", "GetSurveys", calls.surveys.list),
            route("POST", "surveys", "CreateSurvey", calls.surveys.create),
            route("GET", "surveys/{survey-id}", "GetSurveys", calls.surveys.get),
            route("PUT", "surveys/{survey-id}", "UpdateSurvey", calls.surveys.update),
            route("DELETE", "surveys/{survey-id}", "DeleteSurvey", calls.surveys.delete),
            route("GET", "surveys/{survey-id}/results", "GetSurveys", calls.surveys.results),
            route("POST", "surveys/{survey-id}/start", "StartSurvey", calls.surveys.start),
        ]
    }

    private static func route(
        _ method: String, _ path: String, _ action: String, _ handler: @escaping Route.Handler
    ) -> Route {
        Route(
            method, "/v1/apps/{application-id}/\(path)", access: .signed(action: "mobiletargeting:\(action)"),
            handler: handler)
    }
}

/// Ways to write answers that all of them share.
enum ReplyAnswers {
    static func ok(_ object: JSONObject, status: Int = 200) -> HTTPResponse {
        .json(JSON.object(object).serialized, status: status)
    }

    static func page(_ items: [JSON], _ next: String?) -> HTTPResponse {
        var object: JSONObject = ["Item": .array(items)]
        if let next { object["NextToken"] = .string(next) }
        return ok(object)
    }

    /// Handlebars that compiles, so that every answer of it can be rendered.
    static func check(_ source: String, at path: WirePath) throws(APIError) {
        do throws(TemplateFault) {
            _ = try TemplateProgram.compile(source)
        } catch {
            throw path.refusal("is not a valid template: \(error)")
        }
    }

    /// A phone number of ours or a person's, a short code or a sender's name.
    static func number(_ call: RequestContext, isPerson: Bool) throws(APIError) -> String {
        let number = try call.parameter("number")
        let digits = number.utf8.filter { (0x30...0x39).contains($0) }.count
        if isPerson {
            guard (7...15).contains(digits), number.utf8.count <= 30 else {
                throw WirePath.root.member("number").refusal(
                    "must be a phone number in E.164 form, such as +12065550100")
            }
        } else {
            guard (1...100).contains(number.utf8.count) else {
                throw WirePath.root.member("number").refusal("must be a number, a short code or a sender's name, or *")
            }
        }
        return number
    }
}
