import Core
import Model
import PinpointAPI
import Postgres
import TestKit
import Testing

@Suite(.database) struct DomainSlotsTests {
    private let app = AppID(high: 1, low: 1)

    private func reserve(_ requests: [DomainSlots.Request], within horizon: Duration = .seconds(3600)) async throws
        -> [DomainSlots]
    {
        try await TestDatabase.current.database.transaction {
            try await DomainSlots.reserve(requests, of: app, within: horizon, in: $0)
        }
    }

    @Test func `slots of one domain follow each other, whoever asks; other domains are not touched`() async throws {
        let first = try await reserve([
            .init(domain: "b.example", count: 10, rate: 10), .init(domain: "a.example", count: 1, rate: 2),
        ])
        #expect(first.map(\.domain) == ["a.example", "b.example"])
        #expect(first.map(\.count) == [1, 10])
        #expect(first.allSatisfy { $0.first == .zero })
        #expect(first[1].start(of: 9) == .milliseconds(900))
        #expect(first[1].start(of: 10) == nil)
        let second = try #require(try await reserve([.init(domain: "b.example", count: 5, rate: 10)]).first)
        #expect((900_000...1_000_000).contains(second.first.microseconds), "\(second.first)")
    }

    @Test func `nothing is reserved behind the horizon`() async throws {
        let first = try #require(
            try await reserve([.init(domain: "a.example", count: 100, rate: 10)], within: .seconds(2)).first)
        #expect(first.count == 21, "from 0 to 2 s, both included")
        let second = try #require(
            try await reserve([.init(domain: "a.example", count: 5, rate: 10)], within: .seconds(2)).first)
        #expect(second.count <= 1)
        let later = try #require(try await reserve([.init(domain: "a.example", count: 5, rate: 10)]).first)
        #expect(later.count == 5)
        #expect(later.first < .milliseconds(2300), "the others were not kept: \(later.first)")
    }

    @Test func `a job's mark holds for half a minute after its slot, and keeps what the job says besides`() throws {
        let slot = Instant(seconds: 1000)
        let payload = DomainSlots.Mark(domain: "a.example", slot: slot).added(to: ["expires_at": 7])
        #expect(payload["expires_at"] == 7)
        let mark = try #require(DomainSlots.Mark(payload: payload))
        #expect(mark == DomainSlots.Mark(domain: "a.example", slot: slot))
        #expect(mark.holds(at: slot + .seconds(29)))
        #expect(!mark.holds(at: slot + .seconds(30)))
        #expect(DomainSlots.Mark(payload: [:]) == nil)
    }
}

@Suite struct DomainRatesTests {
    @Test func `a named domain has its rate, every other the star's, and without a star none`() throws {
        let rates = try #require(DomainRates(stored: ["Gmail.com": 50, "*": 200]))
        #expect(rates.rate(of: "gmail.com") == 50)
        #expect(rates.rate(of: "mail.gmail.com") == 200)
        #expect(DomainRates(stored: ["gmail.com": 5])?.rate(of: "example.com") == nil)
        #expect(DomainRates(stored: [:]) == nil)
        #expect(DomainRates(stored: nil) == nil)
    }

    @Test(arguments: [
        ("a@gmail.com", "gmail.com"), ("a@GMAIL.com", "gmail.com"), ("\"a@b\"@c.example", "c.example"),
        ("a@BÜCHER.example", "bücher.example"), ("nobody", ""), ("a@", ""),
    ])
    func `the domain is behind the last at sign, folded`(address: String, domain: String) {
        #expect(DomainRates.domain(of: address) == domain)
    }

    @Test(
        arguments: [
            (["gmail.com": 0], "Rates.gmail.com"), (["gmail.com": 20_001], "Rates.gmail.com"),
            (["gmail.com": "fast"], "Rates.gmail.com"), (["gmail.com": 1.5], "Rates.gmail.com"),
            (["localhost": 1], "Rates.localhost"), (["-a.example": 1], "Rates.-a.example"), (["a..b": 1], "Rates.a..b"),
            (["": 1], "Rates."), (["a.example": 1, "A.example": 2], "Rates.A.example"), ([1], "Rates"), ("*", "Rates"),
        ] as [(JSON, String)])
    func `what is no rate is refused by its name`(json: JSON, place: String) throws {
        let error = #expect(throws: APIError.self) { try DomainRates.check(json, at: .root.member("Rates")) }
        #expect(error?.message.contains(place) == true, "\(error?.message ?? "")")
    }

    @Test func `rates up to the limit of domains are taken`() throws {
        var object: JSONObject = ["*": 20_000]
        for number in 1..<200 { object["d\(number).example"] = 1 }
        try DomainRates.check(.object(object), at: .root)
        object["one.more.example"] = 1
        #expect(throws: APIError.self) { try DomainRates.check(.object(object), at: .root) }
    }
}
