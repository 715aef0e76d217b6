/// What one message means, and what is done about it. Pure; the caller stores it and enqueues what it asks for.
package struct ReplyDecision: Sendable, Equatable {
    package enum Action: Sendable, Equatable {
        case none
        /// `message`: the number's own words for it; nil: ours.
        case optOut(message: String?)
        case optIn(message: String?)
        case help(message: String?)
        /// A keyword of the number's own.
        case answer(String)
        case survey(SurveyMachine, SurveyMachine.Step)
        /// Place in the context's rules.
        case rule(Int)
        case handOver
    }

    package var action: Action
    /// The keyword as the command has it, or the number's own.
    package var keyword: String?
    /// Nothing promotional until somebody has looked.
    package var isForReview: Bool

    package init(action: Action, keyword: String? = nil, isForReview: Bool = false) {
        self.action = action
        self.keyword = keyword
        self.isForReview = isForReview
    }

    package struct OwnKeyword: Sendable {
        package enum Action: Sendable {
            case answer, optOut, optIn
        }

        package var text: FoldedText
        package var action: Action
        package var message: String

        package init(_ text: String, _ action: Action, _ message: String) {
            self.text = FoldedText(text)
            self.action = action
            self.message = message
        }
    }

    /// What is known of the message's sender and of the number they wrote to.
    package struct Context: Sendable {
        package var isOptedOut = false
        /// The app sees to opt-outs itself: commands are messages like others.
        package var isSelfManaged = false
        /// A person of ours answers.
        package var isHandedOver = false
        /// Sentences are looked at by somebody; not e-mail, where a stop word is a word.
        package var isReviewed = true
        package var keywords: [OwnKeyword] = []
        package var survey: (survey: Survey, machine: SurveyMachine)?
        package var rules: [ReplyTrigger] = []

        package init() {}
    }

    /// `handled`: a command that the provider has recognised and answered itself.
    package static func decide(
        _ message: String, handled: String? = nil, _ context: Context, _ keywords: Keywords = .standard
    ) -> ReplyDecision {
        let folded = FoldedText(message)
        let own = context.keywords.first { $0.text == folded && !folded.scalars.isEmpty }
        var verdict = keywords.verdict(folded)
        switch handled {
        case "STOP": verdict = .stop
        case "START": verdict = .start
        case "HELP": verdict = .help
        case _: break
        }
        if !context.isSelfManaged, let command = command(verdict, own, context) { return command }
        var decision = ordinary(message, folded, own, verdict, context, keywords)
        // A command of a number that the app manages itself is the app's matter.
        decision.isForReview = verdict == .review && context.isReviewed && !context.isSelfManaged
        return decision
    }

    private static func command(
        _ verdict: KeywordVerdict, _ own: OwnKeyword?, _ context: Context
    ) -> ReplyDecision? {
        switch verdict {
        // No words of the number's own make of STOP anything else.
        case .stop: ReplyDecision(action: .optOut(message: own?.message), keyword: "STOP")
        case .help: ReplyDecision(action: .help(message: own?.message), keyword: "HELP")
        case .start, .startAgain:
            context.isOptedOut ? ReplyDecision(action: .optIn(message: own?.message), keyword: "START") : nil
        case .yes, .no, .human, .review, .none: nil
        }
    }

    private static func ordinary(
        _ message: String, _ folded: FoldedText, _ own: OwnKeyword?, _ verdict: KeywordVerdict, _ context: Context,
        _ keywords: Keywords
    ) -> ReplyDecision {
        if let own {
            let action: Action =
                switch own.action {
                case .answer: .answer(own.message)
                case .optOut: .optOut(message: own.message)
                case .optIn: .optIn(message: own.message)
                }
            return ReplyDecision(action: action, keyword: own.text.text)
        }
        // Who is out gets no answers but to commands.
        if context.isOptedOut { return ReplyDecision(action: .none) }
        if verdict == .human, !takes(message, context, keywords) { return ReplyDecision(action: .handOver) }
        if context.isHandedOver { return ReplyDecision(action: .none) }
        if let (survey, start) = context.survey {
            var machine = start
            let step = machine.receive(message, survey, keywords)
            return ReplyDecision(action: .survey(machine, step))
        }
        if let rule = context.rules.firstIndex(where: { $0.matches(message, folded) }) {
            return ReplyDecision(action: .rule(rule))
        }
        if verdict == .start { return ReplyDecision(action: .optIn(message: nil), keyword: "START") }
        return ReplyDecision(action: .none)
    }

    /// Whether the running survey's question has `message` for an answer.
    private static func takes(_ message: String, _ context: Context, _ keywords: Keywords) -> Bool {
        guard let (survey, machine) = context.survey,
            let question = survey.questions.first(where: { $0.id == machine.question })
        else { return false }
        return question.answer(message, keywords) != nil
    }
}
