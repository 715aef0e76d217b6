package import Core
package import Model
package import Postgres
package import Queue

/// The two rates that e-mail has: a campaign's MessagesPerSecond, and the app's per recipient domain.
///
/// A run above its rate waits as a whole: its job is given back. A message whose domain is above its rate waits alone, with
/// a slot of its own, so that the others of its window go.
package struct DeliveryRates: SendTokens {
    private let domains = LiveDomainRates()

    package init() {}

    package func take(
        for recipients: [Recipient], of plan: RunPlan, job: LeasedJob, at now: Instant, expiresAt: Instant,
        isPaid: Bool,
        in session: Session
    ) async throws -> SendTurns? {
        var turns = SendTurns(count: recipients.count)
        var isLimited = false
        if let rates = try await domains.load(plan.app, in: session),
            DomainSlots.Mark(payload: job.payload)?.holds(at: now) != true
        {
            let places = Self.places(recipients, rates)
            let slots = try await DomainSlots.reserve(
                places.map { .init(domain: $0.key, count: $0.value.places.count, rate: $0.value.rate) }, of: plan.app,
                within: expiresAt - now, in: session)
            for slot in slots {
                turns.wait(for: slot, at: places[slot.domain]?.places ?? [], now: now, expiresAt: expiresAt)
            }
            isLimited = !slots.isEmpty
        }
        if let bucket = plan.bucket, !isPaid {
            let count = turns.nowCount
            guard count > 0 else { return turns }
            let rest = max(0, job.recipients.count - job.done - recipients.count)
            let rows = try await session.query(bucket.take(count, rest: rest))
            guard let row = rows.first else { throw NoTurn() }
            turns.next = .microseconds(try row.get(0) as Int64)
            isLimited = true
        }
        return isLimited ? turns : nil
    }

    /// Where the recipients of limited domains stand.
    private static func places(_ recipients: [Recipient], _ rates: DomainRates) -> [String: (rate: Int, places: [Int])]
    {
        var places: [String: (rate: Int, places: [Int])] = [:]
        for (place, recipient) in recipients.enumerated() {
            let domain = DomainRates.domain(of: recipient.address ?? "")
            guard let rate = rates.rate(of: domain) else { continue }
            places[domain, default: (rate, [])].places.append(place)
        }
        return places
    }
}

extension RunPlan {
    /// Nil without MessagesPerSecond.
    var bucket: RateBucket? {
        messagesPerSecond > 0 ? RateBucket(run: run, of: app, rate: messagesPerSecond) : nil
    }
}
