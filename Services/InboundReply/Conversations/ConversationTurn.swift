import Core
import Hosting
import Model
import Postgres
import Queue
import Replies

/// One message on its way through a conversation, in the transaction that stores it.
struct ConversationTurn {
    let desk: ReplyDesk
    let origin: ReplyOrigin
    let reply: Reply
    /// The message's number.
    let message: Int64
    var conversation: Conversation
    let session: Session
    let references: [String]

    private var sender = SenderNumber()
    private var rules: [StoredReplyRule] = []
    var survey: (stored: StoredSurvey, session: SurveySession)?
    private var hasWork = false
    private var records = 0

    var app: AppID { origin.app }

    init(
        desk: ReplyDesk, origin: ReplyOrigin, reply: Reply, message: Int64, conversation: Conversation,
        session: Session, references: [String]
    ) {
        self.desk = desk
        self.origin = origin
        self.reply = reply
        self.message = message
        self.conversation = conversation
        self.session = session
        self.references = references
    }

    mutating func run() async throws -> ReplyOutcome {
        let context = try await context()
        let decision = ReplyDecision.decide(reply.text, handled: reply.handledKeyword, context)
        if decision.isForReview {
            try await ReplyReviewStore.open(app, conversation, message: message, now: origin.now, in: session)
        }
        try await apply(decision.action)
        try await ConversationStore.update(app, conversation, now: origin.now, in: session)
        let isCommand =
            switch decision.action {
            case .optOut, .optIn, .help: true
            case .none, .answer, .survey, .rule, .handOver: false
            }
        return ReplyOutcome(
            keyword: decision.keyword, isPassedOn: !isCommand || sender.isSelfManaged, queues: hasWork ? [.replies] : []
        )
    }

    // MARK: What is known

    private mutating func context() async throws -> ReplyDecision.Context {
        var context = ReplyDecision.Context()
        if conversation.channel == "SMS" { sender = try await OptOutStore.sender(app, reply.to, in: session) }
        context.isSelfManaged = sender.isSelfManaged
        context.isReviewed = conversation.channel == "SMS"
        context.isHandedOver = conversation.state == .handedOver
        let entry = try await OptOutStore.entry(
            app, list: sender.optOutList, hash: conversation.addressHash, channel: conversation.channel, in: session)
        context.isOptedOut = entry != nil
        context.keywords = try await ReplyKeywordStore.holding(app, reply.to, in: session).map { keyword in
            switch keyword.action {
            case .automaticResponse: .init(keyword.keyword, .answer, keyword.message)
            case .optOut: .init(keyword.keyword, .optOut, keyword.message)
            case .optIn: .init(keyword.keyword, .optIn, keyword.message)
            }
        }
        try await findSurvey()
        if let survey { context.survey = (survey.stored.content.survey, survey.session.machine) }
        let channel = conversation.channel
        rules = try await ReplyRuleStore.list(app, onlyEnabled: true, key: desk.context.masterKey, in: session)
            .filter { $0.rule.channels.isEmpty || $0.rule.channels.contains(channel) }
        context.rules = rules.map(\.rule.trigger)
        return context
    }

    private mutating func findSurvey() async throws {
        guard let running = try await SurveyStore.running(app, conversation.id, in: session) else { return }
        guard origin.now < running.startedAt + SurveySession.lifetime,
            let stored = try await SurveyStore.find(app, running.survey, in: session)
        else { return try await SurveyStore.stop(app, conversation.id, .expired, now: origin.now, in: session) }
        survey = (stored, running)
    }

    // MARK: What is done

    private mutating func apply(_ action: ReplyDecision.Action) async throws {
        switch action {
        case .none: return
        case .optOut(let words): try await optOut(words)
        case .optIn(let words): try await optIn(words)
        case .help(let words):
            let name = try await appName()
            try await say(words ?? ReplyWords.help(name), by: .keyword, kind: .keyword, unless: reply.handledKeyword)
        case .answer(let words): try await say(words, by: .keyword)
        case .survey(let machine, let step): try await proceed(machine, step)
        case .rule(let place): try await follow(rules[place])
        case .handOver: try await handOver()
        }
    }

    private mutating func handOver() async throws {
        conversation.state = .handedOver
        try await SurveyStore.stop(app, conversation.id, .stopped, now: origin.now, in: session)
    }

    private mutating func optOut(_ words: String?) async throws {
        var source: JSONObject = ["from": "reply", "conversation": .string(conversation.id.description)]
        source["campaign"] = origin.campaign.map { .string($0.description) }
        let isNew = try await OptOutStore.add(
            app, list: sender.optOutList, hash: conversation.addressHash, channel: conversation.channel,
            isByPerson: true,
            source: .object(source), now: origin.now, in: session)
        _ = try await ReplyReviewStore.decide(
            app, conversation.id, .optOut, by: nil, now: origin.now, in: session)
        try await SurveyStore.stop(app, conversation.id, .stopped, now: origin.now, in: session)
        if isNew { try await record(events: [optOutEvent]) }
        // One confirmation only, and none beside the provider's.
        if let last = conversation.confirmedAt, origin.now - last < ConversationHandler.confirmationPause { return }
        conversation.confirmedAt = origin.now
        let name = try await appName()
        try await say(words ?? ReplyWords.stopped(name), by: .keyword, kind: .keyword, unless: reply.handledKeyword)
    }

    private mutating func optIn(_ words: String?) async throws {
        let wasOut = try await OptOutStore.remove(
            app, list: sender.optOutList, hash: conversation.addressHash, channel: conversation.channel,
            now: origin.now,
            in: session)
        var record = newRecord()
        record.optOut = "NONE"
        try await enqueue(.record(record))
        let name = try await appName()
        guard wasOut || words != nil else { return }
        try await say(words ?? ReplyWords.started(name), by: .keyword, kind: .keyword, unless: reply.handledKeyword)
    }

    private var optOutEvent: ReplyJob.Event {
        var attributes: [String: String] = [:]
        if let send = origin.send {
            attributes["campaign_activity_id"] = send.run.description
            attributes["treatment_id"] = String(send.treatment)
        }
        attributes["campaign_id"] = origin.campaign?.description
        if conversation.channel == "EMAIL" {
            attributes["feedback"] = "unsubscribed"
            return ReplyJob.Event(type: "_email.unsubscribe", attributes: attributes)
        }
        attributes["origination_phone_number"] = reply.to
        attributes["destination_phone_number"] = conversation.address
        attributes["message_id"] = reply.key
        attributes["record_status"] = "OPTED_OUT"
        return ReplyJob.Event(type: "_SMS.OPTOUT", attributes: attributes)
    }

    private func appName() async throws -> String {
        let rows = try await session.query("SELECT name FROM apps WHERE id = \(app)")
        return try rows.first?.get(0) ?? ""
    }

    // MARK: Jobs

    private mutating func newRecord() -> ReplyJob.Record {
        records += 1
        return ReplyJob.Record(conversation: conversation.id, at: origin.now, key: "reply:\(message):\(records)")
    }

    mutating func record(attributes: [String: [String]] = [:], events: [ReplyJob.Event] = []) async throws {
        var record = newRecord()
        record.attributes = attributes
        record.events = events
        try await enqueue(.record(record))
    }

    mutating func enqueue(_ job: ReplyJob) async throws {
        hasWork = true
        try await desk.enqueue(job, for: app, at: origin.now, in: session)
    }

    /// `unless`: the provider's own answer to a command stands for ours.
    mutating func say(
        _ body: String, by author: ConversationMessage.Author, kind: AnswerKind = .message, isTemplate: Bool = false,
        subject: String? = nil, unless handled: String? = nil
    ) async throws {
        guard handled == nil, !body.isEmpty else { return }
        let recent = try await ConversationStore.automaticAnswers(
            to: conversation.id, of: app, since: origin.now - .seconds(3600), in: session)
        guard recent < ConversationHandler.answersPerHour else {
            desk.environment.log.warning(
                "replies.too_many", ["conversation": .string(conversation.id.description)])
            return
        }
        let answer = ConversationMessage(
            author: author, body: body, subject: subject ?? Self.subject(reply.subject), at: origin.now)
        let id = try await ConversationStore.add(answer, to: conversation.id, of: app, in: session)
        try await enqueue(
            .send(
                .init(
                    conversation: conversation.id, message: id, kind: kind, isTemplate: isTemplate,
                    references: references)))
    }

    /// `Re: …`, once.
    static func subject(_ subject: String?) -> String? {
        guard let subject else { return nil }
        let isReply = subject.lowercased().hasPrefix("re:")
        return String((isReply ? subject : "Re: \(subject)").prefix(200))
    }
}
