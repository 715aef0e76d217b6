import Core

/// Opens, clicks and unsubscribes per treatment: as the roll-ups count them, or as they were made.
struct RunReactions: Sendable, Equatable {
    struct Counts: Sendable, Equatable {
        var opens = 0
        var uniqueOpens = 0
        var clicks = 0
        var uniqueClicks = 0
        var unsubscribes = 0
    }

    struct Rate: Sendable {
        var rate: Double
        var low: Double
        var high: Double

        init?(_ json: JSON?) {
            guard let rate = json?["Rate"]?.number, let low = json?["Low"]?.number, let high = json?["High"]?.number
            else {
                return nil
            }
            self.rate = rate
            self.low = low
            self.high = high
        }

        var text: String {
            "\(DemoText.percent(rate)) [\(DemoText.percent(low)) to \(DemoText.percent(high))]"
        }
    }

    private(set) var counts: [DemoTreatment: Counts] = [:]
    private var openRates: [DemoTreatment: Rate] = [:]
    private var clickRates: [DemoTreatment: Rate] = [:]

    init() {
        for treatment in DemoTreatment.allCases { counts[treatment] = Counts() }
    }

    /// The `engagement` extension's answer.
    init(_ json: JSON) throws(Fault) {
        self.init()
        guard let rows = json["Treatments"]?.array else {
            throw Fault(.unavailable, "the engagement has no Treatments")
        }
        for row in rows {
            guard let number = row["TreatmentId"]?.string.flatMap({ Int($0) }),
                let treatment = DemoTreatment(rawValue: number)
            else { throw Fault(.unavailable, "the engagement names a treatment that the campaign does not have") }
            counts[treatment] = Counts(
                opens: row["Opens"]?.int ?? 0,
                uniqueOpens: row["UniqueOpens"]?.int ?? 0,
                clicks: row["Clicks"]?.int ?? 0,
                uniqueClicks: row["UniqueClicks"]?.int ?? 0,
                unsubscribes: row["Unsubscribes"]?.int ?? 0
            )
            openRates[treatment] = Rate(row["OpenRate"])
            clickRates[treatment] = Rate(row["ClickRate"])
        }
    }

    static func == (left: RunReactions, right: RunReactions) -> Bool { left.counts == right.counts }

    mutating func add(_ treatment: DemoTreatment, _ reaction: Reaction) {
        var counts = counts[treatment] ?? Counts()
        counts.opens += reaction.opens
        counts.uniqueOpens += reaction.opens > 0 ? 1 : 0
        counts.clicks += reaction.clicks ? 1 : 0
        counts.uniqueClicks += reaction.clicks ? 1 : 0
        counts.unsubscribes += reaction.unsubscribes ? 1 : 0
        self.counts[treatment] = counts
    }

    func total(_ count: KeyPath<Counts, Int>) -> Int {
        counts.values.reduce(0) { $0 + $1[keyPath: count] }
    }

    var table: [String] {
        var rows = [["engagement"] + DemoTreatment.allCases.map { "\($0.id) \($0.name)" }]
        func row(_ title: String, _ text: (DemoTreatment, Counts) -> String) {
            rows.append([title] + DemoTreatment.allCases.map { text($0, counts[$0] ?? Counts()) })
        }
        row("people who opened") { DemoText.grouped($1.uniqueOpens) }
        row("  of accepted, 95 % interval") { treatment, _ in openRates[treatment]?.text ?? "–" }
        row("all opens") { DemoText.grouped($1.opens) }
        row("people who clicked") { DemoText.grouped($1.uniqueClicks) }
        row("  of accepted, 95 % interval") { treatment, _ in clickRates[treatment]?.text ?? "–" }
        row("unsubscribed") { DemoText.grouped($1.unsubscribes) }
        return DemoText.table(rows)
    }
}
