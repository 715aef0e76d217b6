import Core
import EventLoop

/// The main job, once: load, estimate, send, react, count.
struct DemoRun: Sendable {
    struct Result: Sendable {
        let campaign: DemoCampaign
        let failures: Int
    }

    let client: PinpointClient
    let history: PurchaseHistory
    /// Nil when mail goes elsewhere.
    let inbox: DemoInbox?

    private static let countedWithin: Int64 = 10_000_000
    private static let pollEvery: Duration = .milliseconds(100)

    func run() async throws -> Result {
        Console.say("1. Loading the purchase history of CDNOW's customers")
        let project = try await DemoProject.prepare(client)
        try await AudienceLoad(client: client, app: project.app, history: history).run()
        Console.say("2. Estimating the segment: at least 2 purchases, more than $100, none since 1 April 1998")
        let estimate = try await project.estimate()
        let lapsed = history.lapsed
        let suppressed =
            estimate.reachable == estimate.count
            ? SuppressedMembers.none : try await SuppressedMembers.find(client, app: project.app, lapsed)
        Console.say("3. Running a campaign: two messages, \(DemoCampaign.holdoutPercent) % holdout, at most once")
        let clock = StepClock()
        let campaign = try await DemoCampaign.run(in: project)
        let books = try await campaign.books()
        Console.say(
            "  run \(campaign.run) is complete: \(DemoText.grouped(books.all["Accepted"])) messages accepted (\(clock.text))"
        )
        var checks = DemoChecks()
        let deliveries = try await react(to: campaign, books, &checks)
        Console.say("5. The books")
        for line in books.table { Console.say(line) }
        for line in deliveries?.table ?? [] { Console.say(line) }
        try check(books, estimate, suppressed, campaign, &checks)
        return Result(campaign: campaign, failures: checks.failures)
    }

    // MARK: Reactions

    /// What the roll-ups counted in the end.
    private func react(
        to campaign: DemoCampaign,
        _ books: RunBooks,
        _ checks: inout DemoChecks
    ) async throws -> RunReactions? {
        guard let inbox else {
            Console.say("4. No dev inbox: the messages went to the SMTP server you gave, so nobody opens them here")
            return nil
        }
        Console.say("4. Reading the dev inbox as its people would: opening, clicking, unsubscribing")
        let clock = StepClock()
        let recipients = DemoRecipients(client: client, inbox: inbox, campaign: campaign)
        let deliveries = try await recipients.deliveries(history)
        for treatment in DemoTreatment.allCases {
            let caught = deliveries.count { $0.treatment == treatment }
            let accepted = books.treatment(treatment)["Accepted"]
            checks.expect(
                caught == accepted,
                "treatment \(treatment.id): \(DemoText.grouped(caught)) messages in the inbox, one per person = accepted"
            )
        }
        let made = try await recipients.react(deliveries)
        Console.say(
            "  made \(DemoText.grouped(made.total(\.opens))) opens, \(DemoText.grouped(made.total(\.clicks))) clicks, "
                + "\(DemoText.grouped(made.total(\.unsubscribes))) unsubscribes (\(clock.text))"
        )
        let counting = StepClock()
        let counted = try await waitUntilCounted(made, campaign)
        checks.expect(
            counted == made,
            "opens, clicks and unsubscribes counted per treatment equal those made (after \(counting.text))"
        )
        return counted
    }

    private func waitUntilCounted(_ made: RunReactions, _ campaign: DemoCampaign) async throws -> RunReactions {
        let start = MonotonicClock.now()
        while true {
            let counted = try await campaign.engagement()
            if counted == made || MonotonicClock.now() - start >= Self.countedWithin { return counted }
            try await client.pause(Self.pollEvery)
        }
    }

    // MARK: Checks

    private func check(
        _ books: RunBooks,
        _ estimate: DemoProject.Estimate,
        _ suppressed: SuppressedMembers,
        _ campaign: DemoCampaign,
        _ checks: inout DemoChecks
    ) throws {
        let (planned, members) = (books.all.planned, PurchaseHistory.lapsedCount)
        func text(_ number: Int) -> String { DemoText.grouped(number) }
        checks.expect(
            books.balances,
            "planned = accepted + rejected + suppressed + expired + unknown, in every treatment"
        )
        checks.expect(
            estimate.count == members && planned == members,
            "Count \(text(estimate.count)) = planned \(text(planned)) = \(text(members)) counted in the file"
        )
        let heldOut = try suppressed.heldOut(of: campaign)
        let unsubscribed = heldOut == 0 ? "" : " − \(heldOut) unsubscribed among the held out"
        checks.expect(
            estimate.reachable == planned - books.suppressedByGate - heldOut,
            "Reachable \(text(estimate.reachable)) = planned \(text(planned)) − suppressed \(text(books.suppressedByGate))"
                + "\(unsubscribed), before the campaign's holdout"
        )
        checks.expect(
            suppressed.count == estimate.count - estimate.reachable,
            "\(text(suppressed.count)) members unsubscribed in earlier campaigns, and nobody else is out of reach"
        )
        checks.expect(
            books.all["Accepted"] == planned - books.suppressedByGate - books.heldOut,
            "accepted \(text(books.all["Accepted"])) = planned − suppressed − holdout \(text(books.heldOut))"
        )
    }
}
