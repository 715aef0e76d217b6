import Core
import Model
import Postgres
import TestKit
import Testing

@testable import InboundReply

@Suite(.database) struct ConversationCallsTests {
    private func say(_ text: String, _ service: RepliesServiceUnderTest, from: String = "+12065550142") async throws {
        let now = service.desk.environment.now()
        let origin = ReplyOrigin(app: service.app, provider: ProviderID(high: 0, low: 0), channel: "SMS", now: now)
        let reply = Reply(key: text, channel: "SMS", from: from, to: "+12065550100", text: text)
        _ = try await service.desk.database.transaction { session in
            try await service.desk.handler.handle(reply, from: origin, in: session)
        }
    }

    @Test func `conversations are listed, read, answered, assigned and closed`() async throws {
        try await RepliesServiceUnderTest.run { service in
            for number in 0..<5 { try await say("hello \(number)", service, from: "+1206555014\(number)") }
            var ids: [String] = []
            var token = ""
            repeat {
                let page = try await service.call("GET", "conversations?page-size=2\(token)")
                #expect(page.status == 200)
                ids += page.json["Item"]?.array?.compactMap { $0["Id"]?.string } ?? []
                token = page.json["NextToken"]?.string.map { "&token=\($0)" } ?? ""
            } while !token.isEmpty
            #expect(Set(ids).count == 5)
            let one = try await service.call("GET", "conversations?address=%2B12065550143")
            let id = try #require(one.json["Item"]?.array?.first?["Id"]?.string)
            #expect(one.json["Item"]?.array?.count == 1)

            let answer = try await service.call("POST", "conversations/\(id)/messages", ["Body": "{{Hi}}"])
            #expect(answer.status == 202, "\(answer.json)")
            try await eventually("the answer is on its way") {
                let rows = try await service.desk.database.query(
                    "SELECT 1 FROM jobs WHERE queue = 'delivery.sms' AND priority = 0")
                return rows.count == 1
            }
            let messages = try await service.call("GET", "conversations/\(id)/messages")
            #expect(messages.json["Item"]?.array?.map { $0["Body"] } == ["{{Hi}}", "hello 3"])
            #expect(messages.json["Item"]?.array?.first?["RunId"]?.string != nil)

            let changed = try await service.call(
                "PUT", "conversations/\(id)", ["State": "CLOSED", "Assignee": "ann"])
            #expect(changed.json["State"] == "CLOSED" && changed.json["Assignee"] == "ann")
            #expect(try await service.call("GET", "conversations?state=CLOSED").json["Item"]?.array?.count == 1)
            try await say("again", service, from: "+12065550143")
            #expect(try await service.call("GET", "conversations/\(id)").json["State"] == "OPEN")
            #expect(try await service.call("PUT", "conversations/\(id)", ["State": "GONE"]).status == 400)
            #expect(try await service.call("GET", "conversations/\(AppID(1))").status == 404)
            #expect(try await service.call("GET", "conversations", isSigned: false).status == 403)
        }
    }

    @Test func `a review opts out or lets go`() async throws {
        try await RepliesServiceUnderTest.run { service in
            try await say("please stop by", service)
            let waiting = try await service.call("GET", "conversations?review=true")
            let id = try #require(waiting.json["Item"]?.array?.first?["Id"]?.string)
            #expect(waiting.json["Item"]?.array?.first?["ReviewPending"] == true)
            let decided = try await service.call("POST", "conversations/\(id)/review", ["Decision": "OPT_OUT"])
            #expect(decided.json == ["Decision": "OPT_OUT", "Messages": 1])
            #expect(try await service.call("GET", "opt-outs/Default/numbers/%2B12065550142").status == 200)
            #expect(try await service.call("GET", "conversations?review=true").json["Item"]?.array?.isEmpty == true)
        }
    }

    @Test func `keywords and opt-out lists have Pinpoint's limits`() async throws {
        try await RepliesServiceUnderTest.run { service in
            let made = try await service.call(
                "PUT", "keywords/%2B12065550100/JOIN", ["KeywordMessage": "Welcome", "KeywordAction": "OPT_IN"])
            #expect(made.status == 200, "\(made.json)")
            let long = String(repeating: "k", count: 31)
            #expect(try await service.call("PUT", "keywords/1/\(long)", ["KeywordMessage": "x"]).status == 400)
            let longer = JSON.string(String(repeating: "m", count: 1601))
            #expect(try await service.call("PUT", "keywords/1/K", ["KeywordMessage": longer]).status == 400)
            for number in 0..<30 {
                #expect(try await service.call("PUT", "keywords/2/K\(number)", ["KeywordMessage": "x"]).status == 200)
            }
            let thirtyFirst = try await service.call("PUT", "keywords/2/K30", ["KeywordMessage": "x"])
            #expect(thirtyFirst.status == 400 && thirtyFirst.message.contains("30 keywords"))

            #expect(try await service.call("PUT", "opt-outs/alerts").status == 201)
            #expect(try await service.call("PUT", "opt-outs/no%20space").status == 400)
            let sender = try await service.call("PUT", "keywords/%2B12065550100", ["OptOutListName": "alerts"])
            #expect(sender.json == ["OptOutListName": "alerts", "SelfManagedOptOutsEnabled": false])
            #expect(try await service.call("PUT", "keywords/1", ["OptOutListName": "none"]).status == 404)
            #expect(try await service.call("PUT", "opt-outs/alerts/numbers/%2B12065550142").status == 201)
            let entry = try await service.call("GET", "opt-outs/alerts/numbers/%2B12065550142")
            #expect(entry.json["EndUserOptedOut"] == false)
            #expect(try await service.call("GET", "opt-outs/alerts/numbers").json["Item"]?.array?.count == 1)
            #expect(try await service.call("DELETE", "opt-outs/alerts").status == 409)
            #expect(try await service.call("DELETE", "opt-outs/alerts/numbers/%2B12065550142").status == 200)
            #expect(try await service.call("DELETE", "opt-outs/alerts/numbers/%2B12065550142").status == 404)
            let lists = try await service.call("GET", "opt-outs")
            #expect(lists.json["Item"]?.array?.map { $0["OptOutListName"] } == ["Default", "alerts"])
            let list = try await service.call("GET", "keywords/%2B12065550100")
            #expect(list.json["Item"]?.array?.count == 1)
        }
    }

    @Test func `rules and surveys are made, shown without secrets, and deleted`() async throws {
        try await RepliesServiceUnderTest.run { service in
            let secret = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz"
            let webhook: JSON = ["Webhook": ["Url": "https://example.com/hook", "Secret": .string(secret)]]
            let rule: JSON = ["Name": "r", "When": ["Keyword": "join"], "Then": [webhook]]
            let made = try await service.call("POST", "reply-rules", rule)
            #expect(made.status == 201, "\(made.json)")
            #expect(made.json["SecretsOfActions"] == [0])
            #expect(!String(decoding: made.json.serialized, as: UTF8.self).contains(secret))
            let id = try #require(made.json["Id"]?.string)
            // Kept for the same address, and for no other.
            let same: JSON = [
                "Name": "r2", "When": ["Any": true], "Then": [["Webhook": ["Url": "https://example.com/hook"]]],
            ]
            #expect(try await service.call("PUT", "reply-rules/\(id)", same).json["SecretsOfActions"] == [0])
            let other: JSON = [
                "Name": "r2", "When": ["Any": true], "Then": [["Webhook": ["Url": "https://example.org/hook"]]],
            ]
            #expect(try await service.call("PUT", "reply-rules/\(id)", other).json["SecretsOfActions"] == [])
            let broken: JSON = ["Name": "b", "When": ["Any": true], "Then": [["Answer": ["Body": "{{#if"]]]]
            let refused = try await service.call("POST", "reply-rules", broken)
            #expect(refused.status == 400 && refused.message.contains("Then[0].Answer.Body"), "\(refused.message)")
            #expect(try await service.call("GET", "reply-rules/\(id)").json["TokensThisMonth"] == 0)
            #expect(try await service.call("DELETE", "reply-rules/\(id)").status == 200)
            #expect(try await service.call("GET", "reply-rules/\(id)").status == 404)

            let survey: JSON = ["Name": "s", "Questions": [["Id": "a", "Text": "A?", "Type": "YES_NO"]]]
            let stored = try await service.call("POST", "surveys", survey)
            let surveyID = try #require(stored.json["Id"]?.string)
            #expect(try await service.call("GET", "surveys").json["Item"]?.array?.count == 1)
            let results = try await service.call("GET", "surveys/\(surveyID)/results")
            #expect(results.json["Started"] == 0)
            let start = try await service.call(
                "POST", "surveys/\(surveyID)/start",
                ["ChannelType": "SMS", "Address": "+12065550142", "OriginationAddress": "+12065550100"])
            #expect(start.status == 400 && start.message.contains("Address"), "\(start.message)")
            #expect(try await service.call("DELETE", "surveys/\(surveyID)").status == 200)
        }
    }
}
