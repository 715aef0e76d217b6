import Core
import Model
import Postgres
import TestKit
import Testing

@Suite struct BounceRulesTests {
    private let start = Instant(seconds: 1_790_000_000)

    /// The suppression that a row of soft bounces, at these days, ends in, and after how many.
    private func run(_ days: [Int], status: String? = "4.2.2", rules: BounceRules = .standard) -> Int? {
        var history: BounceRules.History?
        for (index, day) in days.enumerated() {
            let decision = rules.decide(
                .softBounce, channel: "EMAIL", status: status, history: history, at: start + .seconds(86_400 * day))
            if decision.suppress == .hardBounce { return index + 1 }
            history = decision.history
        }
        return nil
    }

    @Test func `five soft bounces over seven days are one hard`() {
        #expect(run([0, 2, 4, 6, 7]) == 5)
        #expect(run([0, 1, 2, 3, 4, 5, 6, 7, 8]) == 8)
    }

    @Test func `five in a day are a full mailbox`() {
        #expect(run([0, 0, 0, 0, 0, 0, 0, 0, 6]) == nil)
        #expect(run([0, 0, 0, 0]) == nil)
        #expect(run([0, 30]) == nil)
    }

    @Test func `receipts may come in any order`() {
        #expect(run([7, 4, 2, 1, 0]) == 5)
    }

    @Test func `a domain that is gone for three days is gone`() {
        #expect(run([0, 1], status: "5.1.2") == nil)
        #expect(run([0, 3], status: "5.1.2") == 2)
        #expect(run([0, 3], status: "5.4.4") == 2)
    }

    @Test func `the limits can be set`() {
        #expect(run([0, 0], rules: BounceRules(softBounces: 2, softSpan: .zero)) == 2)
    }

    @Test(
        arguments: [
            (.hardBounce, "EMAIL", .hardBounce), (.hardBounce, "APNS", .deadToken), (.complaint, "EMAIL", .complaint),
            (.optOut, "EMAIL", .unsubscribe), (.optOut, "SMS", .stop), (.rejected, "EMAIL", nil),
            (.delivered, "SMS", nil),
            (.buffered, "EMAIL", nil), (.softBounce, "EMAIL", nil),
        ] as [(Receipt.Kind, String, SuppressionReason?)])
    func `what one receipt does`(kind: Receipt.Kind, channel: String, reason: SuppressionReason?) {
        #expect(BounceRules.standard.decide(kind, channel: channel, at: start).suppress == reason)
    }

    @Test(arguments: Receipt.Kind.allCases)
    func `signs of life forget, and what says nothing about the address keeps`(kind: Receipt.Kind) {
        let history = BounceRules.History(bounces: 3, first: start, last: start)
        let decision = BounceRules.standard.decide(kind, channel: "EMAIL", history: history, at: start)
        let keeps: Set<Receipt.Kind> = [.sent, .buffered, .rejected, .expired, .busy, .noAnswer]
        switch kind {
        case .softBounce: #expect(decision.history?.bounces == 4)
        default: #expect((decision.history == history) == keeps.contains(kind))
        }
    }
}

@Suite(.database) struct BounceCountsTests {
    private let app = AppID(7)
    private let start = Instant(seconds: 1_790_000_000)

    private func sign(_ kind: Receipt.Kind, _ day: Int, _ hash: UInt8 = 1) -> BounceCounts.Sign {
        BounceCounts.Sign(
            channel: "EMAIL", addressHash: [hash], kind: kind, status: "4.2.2", at: start + .seconds(86_400 * day))
    }

    private func settle(_ signs: [BounceCounts.Sign], _ app: AppID? = nil) async throws -> [SuppressionReason?] {
        try await TestDatabase.current.database.transaction { session in
            try await BounceCounts.settle(signs, of: app ?? self.app, in: session)
        }
    }

    private func rows() async throws -> Int64 {
        try await TestDatabase.current.database.withSession { session in
            try await session.query("SELECT count(*) FROM bounce_counts").first?.get(0) ?? -1
        }
    }

    @Test func `bounces are counted across transactions until the address is dead`() async throws {
        for day in [0, 2, 4, 6] { #expect(try await settle([sign(.softBounce, day)]) == [nil]) }
        #expect(try await rows() == 1)
        #expect(try await settle([sign(.softBounce, 7)], AppID(8)) == [nil], "another app's")
        #expect(try await settle([sign(.softBounce, 7), sign(.softBounce, 7, 2)]) == [.hardBounce, nil])
        #expect(try await rows() == 2)
    }

    @Test func `a delivery begins anew, also within one batch`() async throws {
        _ = try await settle([0, 2, 4, 6].map { sign(.softBounce, $0) })
        #expect(try await settle([sign(.delivered, 6), sign(.softBounce, 7)]) == [nil, nil])
        #expect(try await settle([sign(.open, 8)]) == [nil])
        #expect(try await rows() == 0)
        #expect(try await settle([sign(.sent, 9)]) == [nil])
    }

    @Test func `two at once count as two`() async throws {
        _ = try await settle([sign(.softBounce, 0)])
        try await withThrowingTaskGroup(of: Void.self) { group in
            for day in 1...3 { group.addTask { _ = try await settle([sign(.softBounce, day)]) } }
            try await group.waitForAll()
        }
        #expect(try await settle([sign(.softBounce, 8)]) == [.hardBounce])
    }
}
