import Core
import Delivery
import EventLoop
import Templates

/// Templates rendered per person a second, against appending the same bytes: what filling in costs over copying.
enum RenderContest {
    private static let people = 500
    private static let rounds = BenchContext.scaled(200, step: 1)

    static func run(_ context: BenchContext) async throws {
        let source = EmailProject.html
        let program = try PersonalProgram(source, .none)
        let values = (0..<people).map { RecipientValues(recipient($0, at: context.environment.now())) }
        let environment = TemplateEnvironment.of(context.environment)
        let rendered = try values.map { try program.render($0, environment, escaping: .html) }
        let bytes = rendered.reduce(0) { $0 + $1.count } / people
        // Written to, so that neither side's work can be left out.
        let total = Lock(0)
        let render = Contender(name: "rendered per person", own: .ours, prepare: {}) {
            var sum = 0
            for _ in 0..<rounds {
                for person in values { sum += try program.render(person, environment, escaping: .html).count }
            }
            total.withLock { $0 += sum }
            return Work(rounds * people)
        }
        let append = Contender(name: "the same bytes appended", own: .client, prepare: {}) {
            var sum = 0
            for _ in 0..<rounds {
                for text in rendered {
                    var copy: [UInt8] = []
                    copy.append(contentsOf: text)
                    sum += copy.count + Int(copy[copy.count / 2])
                }
            }
            total.withLock { $0 += sum }
            return Work(rounds * people)
        }
        let contest = Contest(
            title: "Templates, 6 variables in \(bytes) bytes", unit: "renders", contenders: [render, append],
            roots: [:],
            loop: context.loop)
        let samples = try await contest.run()
        Contest.judge("renders / append", samples[0], over: samples[1], aim: nil)
        Report.line("(\(Report.number(Double(bytes) * Report.median(samples[0].map(\.rate)) / 1e6)) MB/s rendered)")
        Report.line()
    }

    private static func recipient(_ number: Int, at now: Instant) -> Recipient {
        var recipient = Recipient(
            key: Int64(number), endpointID: "person-\(number)", channelType: "EMAIL",
            address: "person\(number)@example.com", optOut: "NONE", status: "ACTIVE", cohort: 0, userID: nil,
            effectiveAt: now, createdAt: now)
        recipient.attributes = Array(
            #"{"FirstName":["Name\#(number)"],"City":["Amersfoort"],"Plan":["pro"]}"#.utf8)
        recipient.metrics = Array(#"{"Purchases":\#(number % 17),"Spent":\#(number % 500)}"#.utf8)
        return recipient
    }
}
