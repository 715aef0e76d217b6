/// A sequence of questions that a person answers message by message.
package struct Survey: Sendable, Equatable {
    package struct Question: Sendable, Equatable {
        package var id: String
        package var text: String
        package var kind: Kind
        /// Said when an answer is none; without it, the question again.
        package var hint: String?
        /// Endpoint attribute that gets the answer.
        package var attribute: String?
        /// Where an answer leads, by its value; else to the next question.
        package var branches: [String: Target]
        /// `skip` passes over it.
        package var isOptional: Bool

        package init(
            id: String, text: String, kind: Kind, hint: String? = nil, attribute: String? = nil,
            branches: [String: Target] = [:], isOptional: Bool = false
        ) {
            self.id = id
            self.text = text
            self.kind = kind
            self.hint = hint
            self.attribute = attribute
            self.branches = branches
            self.isOptional = isOptional
        }
    }

    package enum Kind: Sendable, Equatable {
        case choice([Choice])
        /// Integers; both ends count.
        case number(ClosedRange<Int>)
        /// Any text of at most that many characters.
        case text(Int)
        case yesNo
    }

    package struct Choice: Sendable, Equatable {
        /// What is stored.
        package var value: String
        /// What people may write for it, besides its value and its number in the list.
        package var labels: [String]

        package init(_ value: String, _ labels: [String] = []) {
            self.value = value
            self.labels = labels
        }
    }

    package enum Target: Sendable, Equatable {
        case question(String)
        case end
    }

    package static let questionLimit = 50
    package static let choiceLimit = 26

    package var questions: [Question]
    /// Before the first question.
    package var intro: String?
    package var thanks: String?
    /// How often a question is asked again, before the survey is given up.
    package var reprompts: Int

    package init(questions: [Question], intro: String? = nil, thanks: String? = nil, reprompts: Int = 2) {
        self.questions = questions
        self.intro = intro
        self.thanks = thanks
        self.reprompts = reprompts
    }

    func index(of id: String) -> Int? { questions.firstIndex { $0.id == id } }

    /// What is wrong with it; nil when it can be asked. Branches lead forward only, so that every survey ends.
    package var complaint: String? {
        guard (1...Self.questionLimit).contains(questions.count) else {
            return "needs 1 to \(Self.questionLimit) questions"
        }
        guard Set(questions.map(\.id)).count == questions.count else { return "has two questions of one Id" }
        for (place, question) in questions.enumerated() {
            for (value, target) in question.branches {
                if !question.canAnswer(value) { return "question \(question.id): no answer is \(value.prefix(40))" }
                guard case .question(let id) = target else { continue }
                guard let index = index(of: id) else {
                    return "question \(question.id): there is no question \(id.prefix(40))"
                }
                guard index > place else { return "question \(question.id): a branch must lead to a later question" }
            }
        }
        return nil
    }
}

extension Survey.Question {
    fileprivate func canAnswer(_ value: String) -> Bool {
        switch kind {
        case .choice(let choices): choices.contains { $0.value == value }
        case .number(let range): Int(value).map(range.contains) ?? false
        case .text: false
        case .yesNo: value == "yes" || value == "no"
        }
    }

    /// What `text` answers; nil when it answers nothing.
    package func answer(_ text: String, _ keywords: Keywords = .standard) -> String? {
        let folded = FoldedText(text)
        guard !folded.scalars.isEmpty else { return nil }
        switch kind {
        case .choice(let choices):
            if let number = Int(folded.text), choices.indices.contains(number - 1),
                !choices.contains(where: { $0.value == folded.text })
            {
                return choices[number - 1].value
            }
            return choices.first { choice in
                ([choice.value] + choice.labels).contains { FoldedText($0) == folded }
            }?.value
        case .number(let range):
            guard let number = Self.number(text), range.contains(number) else { return nil }
            return String(number)
        case .text(let limit):
            return String(text.trimmed.prefix(limit))
        case .yesNo:
            switch keywords.verdict(folded) {
            case .yes, .startAgain: return "yes"
            case .no: return "no"
            case _: return folded.text == "1" ? "yes" : folded.text == "2" ? "no" : nil
            }
        }
    }

    /// An integer that is all of the message but spaces and the marks around it: ` 8!`, `-3`, `٨`.
    private static func number(_ text: String) -> Int? {
        let digits = FoldedText(text).text
        guard (1...9).contains(digits.utf8.count), let value = Int(digits) else { return nil }
        return text.trimmed.first == "-" || text.trimmed.first == "−" ? -value : value
    }
}

extension StringProtocol {
    var trimmed: SubSequence {
        var rest = self[...]
        while rest.first?.isWhitespace == true { rest.removeFirst() }
        while rest.last?.isWhitespace == true { rest.removeLast() }
        return rest
    }
}
