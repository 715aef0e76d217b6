import Core
import Model
import Postgres
import TestKit
import Testing

@testable import InboundReply

@Suite(.database) struct CommandsTests {
    @Test func `STOP suppresses at once, is confirmed once, and is an event`() async throws {
        try await DeskUnderTest.run { desk in
            let outcome = try await desk.say(" Stop please! ")
            #expect(outcome.keyword == "STOP")
            #expect(!outcome.isPassedOn)
            #expect(try await desk.isSuppressed() == "STOP")
            try await desk.say("STOP")
            try await desk.work()
            let lines = try await desk.transcript()
            #expect(lines.filter { $0.hasPrefix("KEYWORD") }.count == 1, "\(lines)")
            let plans = try await desk.answers()
            #expect(plans.map(\.rules.answer) == [.keyword])
            #expect(plans.first?.treatments[0].sms?.originationNumber == DeskUnderTest.ours)
            let events = try await desk.events()
            #expect(events.map(\.type) == ["_SMS.OPTOUT"])
            #expect(events.first?.attributes["destination_phone_number"] == "+12065550142")
            desk.advance(.seconds(86_401))
            try await desk.say("unsubscribe")
            #expect(try await desk.transcript().filter { $0.hasPrefix("KEYWORD") }.count == 2)
        }
    }

    @Test func `what the provider has answered is not answered again`() async throws {
        try await DeskUnderTest.run { desk in
            try await desk.say("cease", { $0.handledKeyword = "STOP" })
            try await desk.work()
            #expect(try await desk.isSuppressed() == "STOP")
            #expect(try await desk.answers().isEmpty)
        }
    }

    @Test func `START lets in whom STOP let out, and not whom a dead number keeps out`() async throws {
        try await DeskUnderTest.run { desk in
            try await desk.say("STOP")
            try await desk.say("Unstop")
            try await desk.work()
            #expect(try await desk.isSuppressed() == nil)
            #expect(try await desk.transcript().last?.hasPrefix("KEYWORD Shop: You are subscribed") == true)
            let optOut = try await desk.database.query("SELECT opt_out FROM endpoints WHERE app = \(desk.app)")
            #expect(try optOut.map { try $0.get(0) as String } == ["NONE"])

            let hash = desk.desk.hasher.hash("+12065550142", channel: "SMS", app: desk.app)
            try await desk.database.transaction { session in
                _ = try await SuppressionStore.add(
                    desk.app, channel: "SMS", hash: hash, reason: .hardBounce, now: desk.now, in: session)
            }
            try await desk.say("START")
            #expect(try await desk.isSuppressed() == "HARD_BOUNCE")
        }
    }

    @Test func `HELP is answered to somebody who is out, by the number's own words`() async throws {
        try await DeskUnderTest.run { desk in
            try await desk.database.transaction { session in
                try await ReplyKeywordStore.put(
                    desk.app, DeskUnderTest.ours,
                    ReplyKeyword(keyword: "HELP", message: "Shop, call 1", action: .automaticResponse), now: desk.now,
                    in: session)
            }
            try await desk.say("STOP")
            try await desk.say("help!")
            try await desk.work()
            #expect(try await desk.transcript().last == "KEYWORD Shop, call 1")
            #expect(try await desk.answers().map(\.rules.answer) == [.keyword, .keyword])
        }
    }

    @Test func `a number with a list of its own fills that list alone`() async throws {
        try await DeskUnderTest.run { desk in
            try await desk.database.transaction { session in
                _ = try await OptOutStore.createList(desk.app, "alerts", now: desk.now, in: session)
                try await OptOutStore.setSender(
                    desk.app, DeskUnderTest.ours, SenderNumber(optOutList: "alerts"), now: desk.now, in: session)
            }
            try await desk.say("STOP")
            #expect(try await desk.isSuppressed() == nil)
            let hash = desk.desk.hasher.hash("+12065550142", channel: "SMS", app: desk.app)
            let entry = try await desk.database.withSession { session in
                try await OptOutStore.entry(desk.app, list: "alerts", hash: hash, in: session)
            }
            #expect(entry?.isByPerson == true)
            try await desk.say("START")
            let after = try await desk.database.withSession { session in
                try await OptOutStore.entry(desk.app, list: "alerts", hash: hash, in: session)
            }
            #expect(after == nil)
        }
    }

    @Test func `a self-managed number enters and answers nothing`() async throws {
        try await DeskUnderTest.run { desk in
            try await desk.database.transaction { session in
                try await OptOutStore.setSender(
                    desk.app, DeskUnderTest.ours, SenderNumber(isSelfManaged: true), now: desk.now, in: session)
            }
            let outcome = try await desk.say("STOP")
            #expect(outcome.isPassedOn)
            #expect(try await desk.isSuppressed() == nil)
            #expect(try await desk.transcript() == ["PERSON STOP"])
        }
    }

    @Test func `a sentence with a stop word waits for somebody to decide`() async throws {
        try await DeskUnderTest.run { desk in
            try await desk.say("please stop by tomorrow")
            let conversation = try await desk.conversation()
            #expect(conversation.isUnderReview)
            let count = try await desk.database.transaction { session in
                try await ReplyReviewStore.decide(
                    desk.app, conversation.id, .keep, by: "me", now: desk.now, in: session)
            }
            #expect(count == 1)
            #expect(try await !desk.conversation().isUnderReview)
        }
    }

    @Test func `a machine gets no answer, and one that keeps writing not for ever`() async throws {
        try await DeskUnderTest.run { desk in
            try await desk.say("STOP", { $0.isAutomatic = true })
            #expect(try await desk.isSuppressed() == nil)
            for _ in 0..<30 { try await desk.say("HELP") }
            let lines = try await desk.transcript()
            #expect(lines.filter { $0.hasPrefix("KEYWORD") }.count == ConversationHandler.answersPerHour)
            desk.advance(.seconds(3601))
            try await desk.say("HELP")
            #expect(try await desk.transcript().last?.hasPrefix("KEYWORD") == true)
        }
    }

    @Test func `an e-mail that answers ours is its addressee's, and is answered in its thread`() async throws {
        try await DeskUnderTest.run { desk in
            try await desk.say("hello", from: "jo@example.com", to: "shop@example.com", channel: "EMAIL")
            try await desk.rule([
                "Name": "thanks", "When": ["Keyword": "thanks"], "Then": [["Answer": ["Body": "Any time"]]],
            ])
            try await desk.work()
            let identity = try await desk.desk.endpoint(
                of: desk.conversation("jo@example.com", channel: "EMAIL"), app: desk.app)
            let send = SendReference(
                run: RunID(high: 1, low: 1), chunk: 0, ordinal: 0, endpointKey: identity.key, treatment: 0)
            try await desk.say(
                "Thanks a lot", from: "other@example.org", to: "shop@example.com", channel: "EMAIL", send: send
            ) {
                $0.subject = "Re: News"
                $0.messageID = "b@example.org"
                $0.inReplyTo = ["a@example.com"]
            }
            try await desk.work()
            #expect(
                try await desk.transcript("jo@example.com", channel: "EMAIL") == [
                    "PERSON hello", "PERSON Thanks a lot", "RULE Any time",
                ])
            let email = try await desk.answers().first?.treatments[0].email
            #expect(email?.headers.map(\.name) == ["In-Reply-To", "References"])
            #expect(email?.headers.map(\.value) == ["<b@example.org>", "<a@example.com> <b@example.org>"])
            #expect(email?.defaultSubstitutions["Needletail.AnswerSubject"] == "Re: News")
        }
    }
}
