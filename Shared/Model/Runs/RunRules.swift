import Core

/// What the gate asks of a run's messages besides what holds for every message; part of its frozen plan.
package struct RunRules: Sendable, Equatable {
    /// When people are left alone, on their own clocks.
    package var quietTime: QuietWindow?
    package var caps: FrequencyCaps
    package var purpose: MessagePurpose
    /// Nil where no law on marketing applies: transactional messages, and apps that switched it off.
    package var law: MarketingLaw?
    /// Nil for what nobody asked for.
    package var answer: AnswerKind?

    package init(
        quietTime: QuietWindow? = nil, caps: FrequencyCaps = FrequencyCaps(), purpose: MessagePurpose = .marketing,
        law: MarketingLaw? = nil, answer: AnswerKind? = nil
    ) {
        self.quietTime = quietTime
        self.caps = caps
        self.purpose = purpose
        self.law = law
        self.answer = answer
    }

    /// Every message leaves a trace for the campaign's own caps.
    package var countsMessages: Bool { caps != FrequencyCaps() }
}

/// What a message answers, and with that what it may pass. Only `AnswerRun` sets it.
package enum AnswerKind: String, Sendable, CaseIterable {
    /// A person's own message: passes the endpoint's OptOut, which is about what they did not ask for.
    case message = "MESSAGE"
    /// STOP, START or HELP: passes STOP and UNSUBSCRIBE too (47 CFR 64.1200(a)(12) allows one confirmation; HELP is answered always).
    case keyword = "KEYWORD"

    /// Whether a suppression for this reason lets it through.
    package func passes(_ reason: String) -> Bool {
        self == .keyword
            && [SuppressionReason.stop.rawValue, SuppressionReason.unsubscribe.rawValue].contains(reason)
    }
}

/// What a message is for: the laws on marketing do not touch what a person ordered or must know.
package enum MessagePurpose: String, Sendable, CaseIterable {
    case marketing = "MARKETING"
    case transactional = "TRANSACTIONAL"
}

/// Pinpoint's QuietTime: from one time of day to another, both included; over midnight when it starts later than it ends.
package struct QuietWindow: Sendable, Equatable {
    /// Minutes after midnight, 0–1439.
    package var start: Int
    package var end: Int

    package init(start: Int, end: Int) {
        self.start = start
        self.end = end
    }
}

/// How many messages one endpoint may get; 0 is no limit (pinpoint-api §3.4, 4.2).
package struct FrequencyCaps: Sendable, Equatable {
    /// Of this campaign in 24 hours, when the campaign sets its own Daily.
    package var campaignDaily = 0
    /// Of all campaigns of the app together in 24 hours, from the app's settings.
    package var appDaily = 0
    /// Of this campaign over all its runs.
    package var total = 0

    package init(campaignDaily: Int = 0, appDaily: Int = 0, total: Int = 0) {
        self.campaignDaily = campaignDaily
        self.appDaily = appDaily
        self.total = total
    }
}

// MARK: Frozen form

extension RunRules {
    var json: JSON {
        var object: JSONObject = [:]
        if let quietTime { object["quiet"] = [.integer(Int64(quietTime.start)), .integer(Int64(quietTime.end))] }
        for (name, value) in [
            ("campaign_daily", caps.campaignDaily), ("app_daily", caps.appDaily), ("total", caps.total),
        ] where value > 0 {
            object[name] = .integer(Int64(value))
        }
        if purpose != .marketing { object["purpose"] = .string(purpose.rawValue) }
        if let law { object["law"] = law.json }
        if let answer { object["answer"] = .string(answer.rawValue) }
        return .object(object)
    }

    /// Plans of before there were rules have none.
    init(json: JSON?) {
        let quiet = json?["quiet"]?.array?.compactMap(\.int) ?? []
        self.init(
            quietTime: quiet.count == 2 ? QuietWindow(start: quiet[0], end: quiet[1]) : nil,
            caps: FrequencyCaps(
                campaignDaily: json?["campaign_daily"]?.int ?? 0, appDaily: json?["app_daily"]?.int ?? 0,
                total: json?["total"]?.int ?? 0),
            purpose: json?["purpose"]?.string.flatMap(MessagePurpose.init(rawValue:)) ?? .marketing,
            law: MarketingLaw(json: json?["law"]),
            answer: json?["answer"]?.string.flatMap(AnswerKind.init(rawValue:)))
    }
}
