package import Core
import PinpointAPI

/// One thing that a rule does.
package enum ReplyAction: Sendable, Equatable {
    /// Handlebars, rendered for the person as any message.
    case answer(body: String, subject: String?)
    /// Of the endpoint; empty lists remove.
    case attributes([String: [String]])
    case event(type: String, attributes: [String: String])
    case survey(HexID<Noun.Survey>)
    case webhook(url: String)
    case chat(ChatTerms)
    case handOver

    static let kinds = ["Answer", "Attributes", "Event", "Survey", "Webhook", "Chat", "HandOver"]
    package static let bodyCharacters = 1600

    /// The action, and its JSON without the secret that was in it.
    static func read(
        _ json: JSON, at path: WirePath, secret: inout String?
    ) throws(APIError) -> (ReplyAction, JSON) {
        try NeedletailMembers.only(kinds, of: json, at: path)
        guard let member = json.object?.members.first, json.object?.count == 1 else {
            throw path.refusal("must have one of \(kinds.joined(separator: ", "))")
        }
        let place = path.member(member.key)
        switch member.key {
        case "Answer": return (try answer(member.value, at: place), json)
        case "Attributes": return (try attributes(member.value, at: place), json)
        case "Event": return (try event(member.value, at: place), json)
        case "Survey":
            try NeedletailMembers.only(["Id"], of: member.value, at: place)
            guard let id = member.value["Id"]?.string.flatMap({ HexID<Noun.Survey>($0) }) else {
                throw place.member("Id").refusal("must be the Id of a survey")
            }
            return (.survey(id), json)
        case "Webhook":
            try NeedletailMembers.only(["Url", "Secret"], of: member.value, at: place)
            let reader = try WireReader(member.value, at: place)
            let url: String? = try reader.require("Url")
            try reader.check(length: 1...2000, url, "Url")
            secret = try taken(reader, "Secret", 24...256)
            return (.webhook(url: url ?? ""), without("Secret", json, member))
        case "Chat":
            let terms = try ChatTerms(member.value, at: place)
            secret = try taken(try WireReader(member.value, at: place), "ApiKey", 1...500)
            return (.chat(terms), without("ApiKey", json, member))
        case _:
            guard member.value.bool == true else { throw place.refusal("must be true") }
            return (.handOver, json)
        }
    }

    private static func taken(
        _ reader: WireReader, _ name: String, _ length: ClosedRange<Int>
    ) throws(APIError) -> String? {
        let secret: String? = try reader.read(name)
        try reader.check(length: length, secret, name)
        return secret
    }

    private static func without(_ name: String, _ json: JSON, _ member: JSONObject.Member) -> JSON {
        guard var inner = member.value.object else { return json }
        inner[name] = nil
        return .object([member.key: .object(inner)])
    }

    private static func answer(_ json: JSON, at path: WirePath) throws(APIError) -> ReplyAction {
        try NeedletailMembers.only(["Body", "Subject"], of: json, at: path)
        let reader = try WireReader(json, at: path)
        let body: String? = try reader.require("Body")
        try reader.check(length: 1...bodyCharacters, body, "Body")
        let subject: String? = try reader.read("Subject")
        try reader.check(length: 1...200, subject, "Subject")
        return .answer(body: body ?? "", subject: subject)
    }

    private static func attributes(_ json: JSON, at path: WirePath) throws(APIError) -> ReplyAction {
        let values = try [String: [String]](json: json, at: path)
        guard (1...20).contains(values.count) else { throw path.refusal("must have 1 to 20 attributes") }
        for (name, list) in values {
            guard (1...50).contains(name.unicodeScalars.count), list.count <= 50,
                list.allSatisfy({ $0.unicodeScalars.count <= 100 })
            else {
                throw path.member(name).refusal("a name of at most 50 characters and 50 values of at most 100 expected")
            }
        }
        return .attributes(values)
    }

    private static func event(_ json: JSON, at path: WirePath) throws(APIError) -> ReplyAction {
        try NeedletailMembers.only(["Type", "Attributes"], of: json, at: path)
        let reader = try WireReader(json, at: path)
        let type: String? = try reader.require("Type")
        try reader.check(length: 1...50, type, "Type")
        guard type?.hasPrefix("_") == false else {
            throw path.member("Type").refusal("must not begin with _, which is for events of the service")
        }
        let attributes: [String: String]? = try reader.read("Attributes")
        try reader.check(count: 0...40, attributes, "Attributes")
        try reader.check(valueLength: 0...200, attributes, "Attributes")
        return .event(type: type ?? "", attributes: attributes ?? [:])
    }
}

/// How a rule asks a chat endpoint that speaks OpenAI's `POST {base}/chat/completions`.
package struct ChatTerms: Sendable, Equatable {
    /// Base address: `https://api.example.com/v1`.
    package var url: String
    package var model: String
    package var system: String
    /// Of prompt and answer, in a calendar month.
    package var monthlyTokens: Int
    /// Of one answer.
    package var answerTokens: Int
    /// Messages of the conversation that it is shown.
    package var history: Int
    package var timeout: Duration
    /// An answer that has this in it is not sent: a person goes on.
    package var handOverMarker: String
    /// Characters of the text that is sent, at most.
    package var answerCharacters: Int

    static let members = [
        "Url", "Model", "System", "ApiKey", "MonthlyTokens", "AnswerTokens", "History", "TimeoutSeconds",
        "HandOverMarker", "AnswerCharacters",
    ]

    init(_ json: JSON, at path: WirePath) throws(APIError) {
        try NeedletailMembers.only(Self.members, of: json, at: path)
        let reader = try WireReader(json, at: path)
        let url: String? = try reader.require("Url")
        try reader.check(length: 1...2000, url, "Url")
        let model: String? = try reader.require("Model")
        try reader.check(length: 1...200, model, "Model")
        let system: String? = try reader.require("System")
        try reader.check(length: 1...10_000, system, "System")
        let monthly: Int? = try reader.require("MonthlyTokens")
        try reader.check(range: 1...1_000_000_000, monthly, "MonthlyTokens")
        let answer: Int? = try reader.read("AnswerTokens")
        try reader.check(range: 1...4000, answer, "AnswerTokens")
        let history: Int? = try reader.read("History")
        try reader.check(range: 1...50, history, "History")
        let seconds: Int? = try reader.read("TimeoutSeconds")
        try reader.check(range: 1...60, seconds, "TimeoutSeconds")
        let marker: String? = try reader.read("HandOverMarker")
        try reader.check(length: 3...50, marker, "HandOverMarker")
        let characters: Int? = try reader.read("AnswerCharacters")
        try reader.check(range: 1...ReplyAction.bodyCharacters, characters, "AnswerCharacters")
        self.url = url ?? ""
        self.model = model ?? ""
        self.system = system ?? ""
        monthlyTokens = monthly ?? 0
        answerTokens = answer ?? 300
        self.history = history ?? 10
        timeout = .seconds(seconds ?? 20)
        handOverMarker = marker ?? "[[HANDOVER]]"
        answerCharacters = characters ?? 640
    }
}
