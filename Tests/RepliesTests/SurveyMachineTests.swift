import Replies
import Testing

@Suite struct SurveyMachineTests {
    private let survey = Survey(
        questions: [
            .init(
                id: "again", text: "Would you buy again?", kind: .yesNo, attribute: "BuyAgain",
                branches: ["no": .question("why")]),
            .init(
                id: "stars", text: "How many stars, 1 to 5?", kind: .number(1...5),
                hint: "A number from 1 to 5, please", attribute: "Stars", branches: ["5": .end]),
            .init(
                id: "size", text: "1 small, 2 large",
                kind: .choice([.init("S", ["small"]), .init("L", ["large", "big"])]), isOptional: true),
            .init(id: "why", text: "Why?", kind: .text(10), attribute: "Why"),
        ], intro: "Three questions.", thanks: "Thank you!", reprompts: 1)

    private func run(_ answers: [String]) -> (steps: [SurveyMachine.Step], machine: SurveyMachine) {
        var machine = SurveyMachine()
        var steps = [machine.start(survey)]
        for answer in answers { steps.append(machine.receive(answer, survey)) }
        return (steps, machine)
    }

    @Test func `it asks one after the other and ends with thanks`() {
        let (steps, machine) = run(["Ja!", " 4 ", "Big", "it was good enough"])
        #expect(
            steps == [
                .ask("Three questions.\nWould you buy again?"), .ask("How many stars, 1 to 5?"),
                .ask("1 small, 2 large"), .ask("Why?"),
                .finish("Thank you!"),
            ])
        #expect(machine.answers.map(\.value) == ["yes", "4", "L", "it was goo"])
        #expect(machine.attributes(survey).map(\.name) == ["BuyAgain", "Stars", "Why"])
        #expect(machine.question == nil)
    }

    @Test func `an answer may lead over questions, or end it`() {
        #expect(run(["no"]).steps.last == .ask("Why?"))
        #expect(run(["yes", "5"]).steps.last == .finish("Thank you!"))
    }

    @Test func `an optional question can be passed over`() {
        let (steps, machine) = run(["yes", "3", "Skip"])
        #expect(steps.last == .ask("Why?"))
        #expect(machine.answers.last == .init(question: "size", value: nil))
    }

    @Test func `it asks again as often as it may, then gives up`() {
        let (steps, machine) = run(["yes", "many", "6"])
        #expect(steps.suffix(2) == [.ask("A number from 1 to 5, please"), .giveUp])
        #expect(machine.question == nil)
        #expect(run(["yes", "many", "4"]).steps.last == .ask("1 small, 2 large"))
    }

    @Test(arguments: [("1", "S"), ("2", "L"), ("SMALL", "S"), ("l", "L"), ("3", nil), ("", nil), ("small one", nil)])
    func `a choice is taken by number, value or label`(text: String, value: String?) {
        #expect(survey.questions[2].answer(text) == value)
    }

    @Test(arguments: [
        (["a", "a"], "has two questions of one Id"), ([], "needs 1 to 50 questions"),
    ])
    func `what cannot be asked is refused`(ids: [String], complaint: String) {
        let survey = Survey(questions: ids.map { .init(id: $0, text: "?", kind: .yesNo) })
        #expect(survey.complaint == complaint)
    }

    @Test func `a branch leads forward and from an answer that can be given`() {
        var questions = survey.questions
        questions[3].branches = ["x": .end]
        #expect(Survey(questions: questions).complaint == "question why: no answer is x")
        questions = survey.questions
        questions[1].branches = ["2": .question("again")]
        #expect(Survey(questions: questions).complaint == "question stars: a branch must lead to a later question")
        #expect(survey.complaint == nil)
    }

    @Test func `a survey that was edited meanwhile ends`() {
        var machine = SurveyMachine(question: "gone")
        #expect(machine.receive("yes", survey) == .finish("Thank you!"))
    }
}

@Suite struct ReplyDecisionTests {
    private func decide(
        _ text: String, handled: String? = nil, _ change: (inout ReplyDecision.Context) -> Void = { _ in }
    ) -> ReplyDecision {
        var context = ReplyDecision.Context()
        context.rules = [.keyword(FoldedText("join"))]
        change(&context)
        return ReplyDecision.decide(text, handled: handled, context)
    }

    @Test func `STOP is before everything, with the number's own words`() {
        #expect(decide("Stop please").action == .optOut(message: nil))
        #expect(decide("stop") { $0.keywords = [.init("STOP", .answer, "Bye")] }.action == .optOut(message: "Bye"))
        #expect(
            decide("stop") {
                $0.survey = (
                    Survey(questions: [.init(id: "a", text: "?", kind: .text(5))]), SurveyMachine(question: "a")
                )
            }.action == .optOut(message: nil))
        #expect(decide("whatever", handled: "STOP").action == .optOut(message: nil))
    }

    @Test func `a self-managed number gets commands as messages`() {
        let decision = decide("stop") { $0.isSelfManaged = true }
        #expect(decision == ReplyDecision(action: .none))
        #expect(!decide("please stop by") { $0.isSelfManaged = true }.isForReview)
    }

    @Test func `START and YES let people in again who are out, and no others`() {
        #expect(decide("yes") { $0.isOptedOut = true }.action == .optIn(message: nil))
        #expect(decide("yes").action == .none)
        #expect(decide("unstop").action == .optIn(message: nil))
    }

    @Test func `HELP is answered to those who are out, rules are not`() {
        #expect(decide("help") { $0.isOptedOut = true }.action == .help(message: nil))
        #expect(decide("join") { $0.isOptedOut = true }.action == .none)
        #expect(decide("join us").action == .rule(0))
        #expect(decide("joining").action == .none)
    }

    @Test func `a sentence is looked at, and answered all the same`() {
        let decision = decide("join, or do not stop")
        #expect(decision.isForReview && decision.action == .rule(0))
        #expect(!decide("please stop by") { $0.isReviewed = false }.isForReview)
    }

    @Test func `a person is fetched, and then rules keep silent`() {
        #expect(decide("agent please").action == .handOver)
        #expect(decide("join") { $0.isHandedOver = true }.action == .none)
    }
}
