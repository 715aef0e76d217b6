import Core
import Model
import Replies

// What rules do, and the steps of a survey.
extension ConversationTurn {
    mutating func follow(_ stored: StoredReplyRule) async throws {
        for (number, action) in stored.rule.actions.enumerated() {
            let call = ReplyJob.Call(
                conversation: conversation.id, message: message, rule: stored.id, action: number, references: references
            )
            switch action {
            case .answer(let body, let subject):
                try await say(body, by: .rule, isTemplate: true, subject: subject)
            case .attributes(let values): try await record(attributes: values)
            case .event(let type, let attributes):
                try await record(events: [ReplyJob.Event(type: type, attributes: attributes)])
            case .survey(let id): try await begin(id)
            case .webhook: try await enqueue(.webhook(call))
            case .chat: try await enqueue(.chat(call))
            case .handOver: conversation.state = .handedOver
            }
        }
    }

    private mutating func begin(_ id: HexID<Noun.Survey>) async throws {
        guard let stored = try await SurveyStore.find(app, id, in: session) else {
            desk.environment.log.warning("replies.survey_gone", ["survey": .string(id.description)])
            return
        }
        try await SurveyStore.stop(app, conversation.id, .stopped, now: origin.now, in: session)
        var machine = SurveyMachine()
        let step = machine.start(stored.content.survey)
        let running = SurveySession(
            survey: id, conversation: conversation.id, startedAt: origin.now, machine: machine)
        try await SurveyStore.save(app, running, in: session)
        if case .ask(let text) = step { try await say(text, by: .survey) }
    }

    mutating func proceed(_ machine: SurveyMachine, _ step: SurveyMachine.Step) async throws {
        guard let (stored, before) = survey else { return }
        var running = before
        let known = running.machine.answers.count
        running.machine = machine
        let id = stored.id.description
        var events = machine.answers.dropFirst(known).map { answer in
            ReplyJob.Event(
                type: "_survey.answer",
                attributes: ["survey_id": id, "question_id": answer.question, "answer": answer.value ?? ""])
        }
        var attributes: [String: [String]] = [:]
        switch step {
        case .ask(let text):
            try await say(text, by: .survey)
        case .finish(let thanks):
            (running.endedAt, running.outcome) = (origin.now, .finished)
            for (name, value) in machine.attributes(stored.content.survey) { attributes[name] = [value] }
            events.append(ReplyJob.Event(type: "_survey.finished", attributes: ["survey_id": id]))
            if let thanks { try await say(thanks, by: .survey) }
        case .giveUp:
            (running.endedAt, running.outcome) = (origin.now, .givenUp)
            conversation.state = .handedOver
        }
        try await SurveyStore.save(app, running, in: session)
        if !events.isEmpty || !attributes.isEmpty { try await record(attributes: attributes, events: events) }
    }
}
