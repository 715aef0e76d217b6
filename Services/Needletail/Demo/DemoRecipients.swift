import Core
import HTTPClient

/// The recipients of a run: finds their messages in the dev inbox and does with them what people do.
struct DemoRecipients: Sendable {
    struct Delivery: Sendable {
        let entry: DemoInbox.Entry
        let customer: PurchaseHistory.Customer
        let treatment: DemoTreatment
    }

    let client: PinpointClient
    let inbox: DemoInbox
    let campaign: DemoCampaign

    /// Every message with the person and the treatment that it must be; a second one for the same person, or one that is
    /// nobody's, is an error.
    func deliveries(_ history: PurchaseHistory) async throws -> [Delivery] {
        let members = Dictionary(uniqueKeysWithValues: history.lapsed.map { ($0.address, $0) })
        var seen: Set<String> = []
        return try await inbox.entries(ofRun: campaign.run).map { entry in
            guard let customer = members[entry.recipient] else {
                throw Fault(.integrity, "\(entry.recipient) got a message and is not in the segment")
            }
            guard seen.insert(entry.recipient).inserted else {
                throw Fault(.integrity, "\(entry.recipient) got two messages")
            }
            guard let treatment = DemoTreatment.allCases.first(where: { $0.subject(for: customer) == entry.subject })
            else {
                throw Fault(.integrity, "the subject for \(entry.recipient) is neither treatment's: \(entry.subject)")
            }
            return Delivery(entry: entry, customer: customer, treatment: treatment)
        }
    }

    /// Returns what was done, for comparison with what was counted.
    func react(_ deliveries: [Delivery]) async throws -> RunReactions {
        let readers = deliveries.compactMap { delivery -> (delivery: Delivery, reaction: Reaction)? in
            let reaction = Reaction(of: delivery.customer, to: delivery.treatment, campaign: campaign.number)
            return reaction.opens > 0 ? (delivery, reaction) : nil
        }
        let made = try await InFlight.map(
            readers,
            width: PinpointClient.width,
            progress: ProgressLine("messages read")
        ) { delivery, reaction in
            try await perform(reaction, on: delivery)
            return (delivery.treatment, reaction)
        }
        var reactions = RunReactions()
        for (treatment, reaction) in made { reactions.add(treatment, reaction) }
        return reactions
    }

    private func perform(_ reaction: Reaction, on delivery: Delivery) async throws {
        let message = try await inbox.message(delivery.entry.id)
        for _ in 0..<reaction.opens {
            let answer = try await client.open("GET", message.pixel)
            guard answer.status == 200, answer.header("Content-Type") == "image/gif" else {
                throw Fault(.integrity, "the pixel of \(delivery.entry.recipient) answered \(answer.status)")
            }
        }
        if reaction.clicks {
            let answer = try await client.open("GET", message.link)
            let target = delivery.treatment.target(for: delivery.customer)
            guard answer.status == 302, answer.header("Location") == target else {
                let place = answer.header("Location") ?? "nowhere"
                throw Fault(.integrity, "the link of \(delivery.entry.recipient) answered \(answer.status) to \(place)")
            }
        }
        if reaction.unsubscribes {
            let answer = try await client.open("POST", message.unsubscribe, form: "List-Unsubscribe=One-Click")
            guard answer.status == 200 else {
                throw Fault(
                    .integrity, "the one-click unsubscribe of \(delivery.entry.recipient) answered \(answer.status)")
            }
        }
    }
}
