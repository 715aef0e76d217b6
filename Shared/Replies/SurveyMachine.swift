/// Where one person is in a survey, and what an answer does to that. Pure: the caller stores it and sends what is to be said.
package struct SurveyMachine: Sendable, Equatable {
    package struct Answer: Sendable, Equatable {
        package var question: String
        /// Nil: passed over.
        package var value: String?

        package init(question: String, value: String?) {
            self.question = question
            self.value = value
        }
    }

    package enum Step: Sendable, Equatable {
        /// The next question, or the same again.
        case ask(String)
        /// All questions that were to be asked are answered.
        case finish(String?)
        /// Too many messages that were no answer: a person should look.
        case giveUp
    }

    /// Id of the question that was asked last; nil before the first and after the last.
    package private(set) var question: String?
    /// How often it was asked again.
    package private(set) var reprompts: Int
    package private(set) var answers: [Answer]

    package init(question: String? = nil, reprompts: Int = 0, answers: [Answer] = []) {
        self.question = question
        self.reprompts = reprompts
        self.answers = answers
    }

    package mutating func start(_ survey: Survey) -> Step {
        guard let first = survey.questions.first else { return .finish(survey.thanks) }
        question = first.id
        return .ask([survey.intro, first.text].compactMap { $0 }.joined(separator: "\n"))
    }

    /// A question that the survey no longer has counts as answered by nothing: the survey was edited, and the person is not to suffer.
    package mutating func receive(_ text: String, _ survey: Survey, _ keywords: Keywords = .standard) -> Step {
        guard let id = question, let place = survey.index(of: id) else { return finish(survey) }
        let asked = survey.questions[place]
        if asked.isOptional, FoldedText(text).text == "skip" {
            answers.append(Answer(question: id, value: nil))
            return go(to: place + 1, survey)
        }
        guard let value = asked.answer(text, keywords) else {
            guard reprompts < survey.reprompts else {
                question = nil
                return .giveUp
            }
            reprompts += 1
            return .ask(asked.hint ?? asked.text)
        }
        answers.append(Answer(question: id, value: value))
        switch asked.branches[value] {
        case .end: return finish(survey)
        // Never back, whatever an edit has made of it: every survey ends.
        case .question(let id): return go(to: max(place + 1, survey.index(of: id) ?? place + 1), survey)
        case nil: return go(to: place + 1, survey)
        }
    }

    private mutating func go(to place: Int, _ survey: Survey) -> Step {
        guard survey.questions.indices.contains(place) else { return finish(survey) }
        reprompts = 0
        question = survey.questions[place].id
        return .ask(survey.questions[place].text)
    }

    private mutating func finish(_ survey: Survey) -> Step {
        question = nil
        return .finish(survey.thanks)
    }

    /// Attributes of the endpoint that the answers so far make.
    package func attributes(_ survey: Survey) -> [(name: String, value: String)] {
        answers.compactMap { answer in
            guard let value = answer.value, let place = survey.index(of: answer.question),
                let name = survey.questions[place].attribute
            else { return nil }
            return (name, value)
        }
    }
}
