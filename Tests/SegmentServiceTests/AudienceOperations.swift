import Core
import Model
import Postgres
import TestKit

/// Random operations of the API on a small audience, so that they often meet.
struct AudienceOperations {
    let audience: RunningAudience
    let random: SeededRandom

    static let people = 240
    static let types = ["view", "purchase", "_session.start", "überweisung"]
    static let names = ["tier", "city", "nai\u{308}ve"]
    static let values = ["gold", "silver", "Paris", "", "e\u{301}", "é", "1998-06-15T12:34:56Z"]

    init(_ audience: RunningAudience, seed: UInt64) {
        self.audience = audience
        random = SeededRandom(seed: seed)
    }

    private func below(_ bound: Int) -> Int { Int(random.next() % UInt64(bound)) }
    private func one<Element>(of list: [Element]) -> Element { list[below(list.count)] }
    private func chance(_ percent: Int) -> Bool { below(100) < percent }
    private var someone: String { "p\(below(Self.people))" }

    /// One operation; refusals (a user's sixteenth endpoint, a duplicate in a batch) are as good as any answer below 500.
    func next() async throws {
        let status =
            switch below(20) {
            case 0...7:
                try await audience.send("PUT", "\(audience.path)/endpoints/\(someone)", .object(endpoint())).status
            case 8, 9: try await batch()
            case 10...14: try await events()
            case 15: try await audience.send("DELETE", "\(audience.path)/endpoints/\(someone)").status
            case 16 where chance(30):
                try await audience.send("DELETE", "\(audience.path)/users/u\(below(40))").status
            case 17, 18: try await unsubscribe()
            case _: try await subscribeAgain()
            }
        if status >= 500 { throw TestKitError("an operation was answered with \(status)") }
    }

    /// Makes the first people.
    func seed() async throws {
        for first in stride(from: 0, to: Self.people, by: 40) {
            let items = (first..<first + 40).map { number -> JSON in
                var item = endpoint()
                item["Id"] = .string("p\(number)")
                return .object(item)
            }
            _ = try await audience.send(
                "PUT", "\(audience.path)/endpoints", ["Item": .array(items)])
        }
    }

    private func endpoint() -> JSONObject {
        var endpoint: JSONObject = [
            "ChannelType": .string(one(of: ["EMAIL", "EMAIL", "EMAIL", "SMS", "GCM"])),
            "EffectiveDate": .string((RunningAudience.now - .seconds(Int64(below(40 * 86_400)))).description),
        ]
        // Few addresses, so that they are shared and taken over.
        let address = "\(chance(50) ? "Same" : "same")\(below(90))@example.com"
        endpoint["Address"] = .string(address)
        if chance(70) {
            let values = (0..<below(3)).map { _ in JSON.string(one(of: Self.values)) }
            endpoint["Attributes"] = .object([one(of: Self.names): .array(values)])
        }
        if chance(40) { endpoint["Metrics"] = .object(["age": .double(Double(below(60)))]) }
        if chance(30) { endpoint["Location"] = .object(["Country": .string(one(of: ["DE", "FR"]))]) }
        if chance(30) { endpoint["Demographic"] = .object(["Make": .string(one(of: ["a", "b"]))]) }
        if chance(10) { endpoint["OptOut"] = "ALL" }
        if chance(10) { endpoint["EndpointStatus"] = "INACTIVE" }
        if chance(50) {
            var user: JSONObject = ["UserId": .string("u\(below(40))")]
            if chance(60) { user["UserAttributes"] = .object(["plan": .array([.string(one(of: ["free", "pro"]))])]) }
            endpoint["User"] = .object(user)
        }
        return endpoint
    }

    private func batch() async throws -> Int {
        let first = below(Self.people - 6)
        let items = (first..<first + 5).map { number -> JSON in
            var item = endpoint()
            item["Id"] = .string("p\(number)")
            return .object(item)
        }
        return try await audience.send("PUT", "\(audience.path)/endpoints", ["Item": .array(items)]).status
    }

    /// Late, in the same second, and often the same again.
    private func events() async throws -> Int {
        var batch: JSONObject = [:]
        for _ in 0...below(3) {
            let id = someone
            var events: JSONObject = [:]
            for _ in 0...below(3) {
                let number = below(500)
                let seconds = chance(60) ? below(20) * 86_400 : below(420 * 86_400)
                let at = RunningAudience.now - .microseconds(Int64(seconds) * 1_000_000 + Int64(below(3)) * 1000)
                events["event\(number)"] = [
                    "EventType": .string(Self.types[number % Self.types.count]), "Timestamp": .string(at.description),
                    "Attributes": ["sku": .string("s\(number % 7)")], "Metrics": ["price": .double(Double(number))],
                ]
            }
            let endpoint = chance(40) ? self.endpoint() : [:]
            batch[id] = .object(["Endpoint": .object(endpoint), "Events": .object(events)])
        }
        let body: JSON = ["BatchItem": .object(batch)]
        let status = try await audience.send("POST", "\(audience.path)/events", body).status
        return chance(30) ? try await audience.send("POST", "\(audience.path)/events", body).status : status
    }

    private func unsubscribe() async throws -> Int {
        let link = TrackingLink(
            kind: .unsubscribe, app: audience.app, run: RunID(high: 5, low: UInt64(below(3))), chunk: 0, ordinal: 0,
            endpointKey: EndpointIdentity(app: audience.app, id: someone).key, treatment: 0)
        guard let token = audience.tokens.mint(link) else { throw TestKitError("no token") }
        return try await audience.send("POST", "/u/\(token)", .object(["List-Unsubscribe": "One-Click"])).status
    }

    /// No API call removes a suppression yet: what one will do.
    private func subscribeAgain() async throws -> Int {
        try await audience.test.database.transaction { session in
            let rows = try await session.query(
                "SELECT channel, address_hash FROM suppressions WHERE app = \(audience.app) LIMIT 1")
            guard let row = rows.first else { return }
            try await SuppressionStore.remove(
                audience.app, channel: try row.get(0), hash: try row.get(1), now: RunningAudience.now, in: session)
        }
        return 200
    }
}
