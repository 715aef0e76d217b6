package import Core
package import PinpointAPI
package import Replies

/// A survey as the API has it.
package struct SurveyDefinition: Sendable, Equatable {
    package static let perApp = 200

    package var name: String
    package var survey: Survey
    package var definition: JSONObject

    package init(_ json: JSON) throws(APIError) {
        try NeedletailMembers.only(
            ["Name", "Intro", "Thanks", "Reprompts", "Questions"], of: json, at: .root)
        let reader = try WireReader(json, at: .root)
        let name: String? = try reader.require("Name")
        try reader.check(length: 1...100, name, "Name")
        let intro: String? = try reader.read("Intro")
        try reader.check(length: 1...1000, intro, "Intro")
        let thanks: String? = try reader.read("Thanks")
        try reader.check(length: 1...1000, thanks, "Thanks")
        let reprompts: Int? = try reader.read("Reprompts")
        try reader.check(range: 0...5, reprompts, "Reprompts")
        let items: [JSON]? = try reader.require("Questions")
        try reader.check(count: 1...Survey.questionLimit, items, "Questions")
        var questions: [Survey.Question] = []
        for (place, item) in (items ?? []).enumerated() {
            questions.append(try Self.question(item, at: WirePath.root.member("Questions").element(place)))
        }
        self.name = name ?? ""
        survey = Survey(questions: questions, intro: intro, thanks: thanks, reprompts: reprompts ?? 2)
        definition = json.object ?? [:]
        if let complaint = survey.complaint { throw WirePath.root.member("Questions").refusal(complaint) }
    }

    private static let questionMembers = [
        "Id", "Text", "Type", "Choices", "Min", "Max", "MaxLength", "Hint", "Attribute", "Optional", "Branches",
    ]

    private static func question(_ json: JSON, at path: WirePath) throws(APIError) -> Survey.Question {
        try NeedletailMembers.only(questionMembers, of: json, at: path)
        let reader = try WireReader(json, at: path)
        let id: String? = try reader.require("Id")
        try reader.check(length: 1...50, id, "Id")
        let text: String? = try reader.require("Text")
        try reader.check(length: 1...1000, text, "Text")
        let hint: String? = try reader.read("Hint")
        try reader.check(length: 1...1000, hint, "Hint")
        let attribute: String? = try reader.read("Attribute")
        try reader.check(length: 1...50, attribute, "Attribute")
        let branches: [String: String]? = try reader.read("Branches")
        try reader.check(count: 0...50, branches, "Branches")
        guard id != "END" else { throw path.member("Id").refusal("must not be END, which ends the survey in Branches") }
        return Survey.Question(
            id: id ?? "", text: text ?? "", kind: try kind(reader), hint: hint, attribute: attribute,
            branches: (branches ?? [:]).mapValues { $0 == "END" ? .end : .question($0) },
            isOptional: try reader.read("Optional") ?? false)
    }

    private static func kind(_ reader: WireReader) throws(APIError) -> Survey.Kind {
        let type: String? = try reader.require("Type")
        try reader.check(allowed: ["CHOICE", "NUMBER", "TEXT", "YES_NO"], type, "Type")
        switch type {
        case "CHOICE":
            let choices: [JSON]? = try reader.require("Choices")
            try reader.check(count: 2...Survey.choiceLimit, choices, "Choices")
            var read: [Survey.Choice] = []
            for (place, choice) in (choices ?? []).enumerated() {
                read.append(try self.choice(choice, at: reader.path.member("Choices").element(place)))
            }
            return .choice(read)
        case "NUMBER":
            let least: Int? = try reader.require("Min")
            let most: Int? = try reader.require("Max")
            guard let least, let most, least <= most, abs(least) < 1_000_000_000, abs(most) < 1_000_000_000 else {
                throw reader.path.member("Max").refusal("must not be less than Min; both within a billion")
            }
            return .number(least...most)
        case "TEXT":
            let length: Int? = try reader.read("MaxLength")
            try reader.check(range: 1...1000, length, "MaxLength")
            return .text(length ?? 100)
        case _: return .yesNo
        }
    }

    private static func choice(_ json: JSON, at path: WirePath) throws(APIError) -> Survey.Choice {
        if let value = json.string, (1...100).contains(value.unicodeScalars.count) { return Survey.Choice(value) }
        try NeedletailMembers.only(["Value", "Labels"], of: json, at: path)
        let reader = try WireReader(json, at: path)
        let value: String? = try reader.require("Value")
        try reader.check(length: 1...100, value, "Value")
        let labels: [String]? = try reader.read("Labels")
        try reader.check(count: 0...20, labels, "Labels")
        return Survey.Choice(value ?? "", (labels ?? []).map { String($0.prefix(100)) })
    }
}
