import Core
import Model
import PinpointAPI
import Postgres
import TestKit
import Testing

@testable import InboundReply

@Suite(.database) struct RulesTests {
    @Test func `the first rule that matches answers, sets attributes and records an event`() async throws {
        try await DeskUnderTest.run { desk in
            try await desk.rule([
                "Name": "join", "Position": 1, "When": ["Pattern": "join( \\w+)?"],
                "Then": [
                    ["Answer": ["Body": "Welcome {{User.UserId}}"]], ["Attributes": ["Club": ["yes"]]],
                    ["Event": ["Type": "joined", "Attributes": ["by": "sms"]]],
                    ["Event": ["Type": "joined", "Attributes": ["by": "sms"]]],
                ],
            ])
            try await desk.rule(["Name": "rest", "Position": 2, "When": ["Any": true], "Then": [["HandOver": true]]])
            try await desk.say("JOIN club")
            try await desk.work()
            #expect(try await desk.transcript() == ["PERSON JOIN club", "RULE Welcome {{User.UserId}}"])
            let plan = try #require(try await desk.answers().first)
            #expect(plan.treatments[0].sms?.body == "Welcome {{User.UserId}}")
            #expect(plan.rules.answer == .message && plan.rules.purpose == .transactional)
            let rows = try await desk.database.query(
                "SELECT opt_out, attributes FROM endpoints WHERE app = \(desk.app)")
            #expect(try rows[0].get(0) as String == "ALL")
            #expect(try (rows[0].get(1) as JSON)["Club"] == ["yes"])
            #expect(try await desk.events().map(\.type) == ["joined", "joined"])
            try await desk.say("what?")
            #expect(try await desk.conversation().state == .handedOver)
            try await desk.say("join")
            #expect(try await desk.transcript().count == 4)
        }
    }

    @Test func `a survey of three questions ends in attributes`() async throws {
        try await DeskUnderTest.run { desk in
            let id = try await desk.survey([
                "Name": "after", "Thanks": "Thank you!", "Reprompts": 1,
                "Questions": [
                    ["Id": "again", "Text": "Again?", "Type": "YES_NO", "Attribute": "Again"],
                    ["Id": "stars", "Text": "Stars?", "Type": "NUMBER", "Min": 1, "Max": 5, "Attribute": "Stars"],
                    ["Id": "why", "Text": "Why?", "Type": "TEXT", "Attribute": "Why"],
                ],
            ])
            try await desk.rule([
                "Name": "ask", "When": ["Keyword": "survey"], "Then": [["Survey": ["Id": .string(id.description)]]],
            ])
            for text in ["survey", "Yes", "six", "5", "it did not stop raining"] {
                try await desk.say(text)
                desk.advance(.seconds(1))
            }
            try await desk.work()
            let lines = try await desk.transcript().filter { $0.hasPrefix("SURVEY") }
            #expect(lines == ["SURVEY Again?", "SURVEY Stars?", "SURVEY Stars?", "SURVEY Why?", "SURVEY Thank you!"])
            let attributes: JSON = try await desk.database.query(
                "SELECT attributes FROM endpoints WHERE app = \(desk.app)")[0].get(0)
            #expect(attributes["Again"] == ["yes"] && attributes["Stars"] == ["5"])
            #expect(attributes["Why"] == ["it did not stop raining"])
            let events = try await desk.events().map(\.type)
            #expect(events == ["_survey.answer", "_survey.answer", "_survey.answer", "_survey.finished"])
            // A word for stopping in an answer: somebody looks at it all the same.
            #expect(try await desk.conversation().isUnderReview)
            let results = try await desk.database.withSession { session in
                try await SurveyStore.results(desk.app, id, in: session)
            }
            #expect(results.started == 1 && results.outcomes == ["FINISHED": 1])
            #expect(results.answers.count == 3)
        }
    }

    @Test func `STOP ends a survey, and a week does`() async throws {
        try await DeskUnderTest.run { desk in
            let id = try await desk.survey([
                "Name": "s", "Questions": [["Id": "a", "Text": "A?", "Type": "TEXT"]],
            ])
            try await desk.rule([
                "Name": "ask", "When": ["Exact": "survey"], "Then": [["Survey": ["Id": .string(id.description)]]],
            ])
            try await desk.say("survey")
            desk.advance(.seconds(8 * 86_400))
            try await desk.say("hello")
            try await desk.say("survey")
            try await desk.say("stop")
            let outcomes = try await desk.database.query(
                "SELECT outcome FROM survey_sessions WHERE app = \(desk.app) ORDER BY started_at")
            #expect(try outcomes.map { try $0.get(0) as String? } == ["EXPIRED", "STOPPED"])
        }
    }

    @Test(
        arguments: [
            (["Name": "x", "When": ["Pattern": "(a"], "Then": [["HandOver": true]]] as JSON, "When.Pattern"),
            (["Name": "x", "When": ["Pattern": "a", "Any": true], "Then": [["HandOver": true]]], "When"),
            (["Name": "x", "When": ["Any": true], "Then": []], "Then"),
            (["Name": "x", "When": ["Any": true], "Then": [["Dance": true]]], "Then[0].Dance"),
            (["Name": "x", "When": ["Any": true], "Then": [["Event": ["Type": "_email.open"]]]], "Then[0].Event.Type"),
            (
                [
                    "Name": "x", "When": ["Any": true],
                    "Then": [["Chat": ["Url": "https://a.example", "Model": "m", "System": "s"]]],
                ], "Then[0].Chat.MonthlyTokens"
            ),
        ] as [(JSON, String)])
    func `a rule that cannot be followed is refused by the member's name`(json: JSON, member: String) {
        var secrets: JSONObject = [:]
        let error = #expect(throws: APIError.self) { _ = try ReplyRule(json, secrets: &secrets) }
        #expect(error?.message.contains(member) == true, "\(error?.message ?? "")")
    }
}
