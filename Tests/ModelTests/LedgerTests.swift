import Core
import Model
import Postgres
import TestKit
import Testing

@Suite(.database) struct LedgerTests {
    let fixture: LedgerFixture

    init() throws {
        fixture = try LedgerFixture()
    }

    @Test func `a run whose recipients all have an outcome has nothing wrong`() async throws {
        try await fixture.start()
        try await fixture.book(fixture.rows(1...8))
        try await fixture.book(fixture.rows(9...10, .rejected))
        #expect(try await fixture.violations().isEmpty)
    }

    @Test func `a recipient without an outcome is found`() async throws {
        try await fixture.start()
        try await fixture.book(fixture.rows(1...9))
        #expect(try await fixture.violations() == ["balance"])
    }

    @Test func `a second acceptance is found, unless it is flagged`() async throws {
        try await fixture.start()
        try await fixture.book(fixture.rows(1...10))
        try await fixture.book(fixture.rows(3...3, flags: SendOutcomeRow.possibleDuplicate))
        #expect(try await fixture.violations().isEmpty)
        try await fixture.book(fixture.rows(4...4))
        #expect(try await fixture.violations() == ["double acceptance"])
    }

    @Test func `an endpoint in two places is found`() async throws {
        try await fixture.start()
        try await fixture.book(fixture.rows(1...9))
        try await fixture.book([SendOutcomeRow(endpointKey: 9, ordinal: 9, state: .accepted)])
        #expect(try await Set(fixture.violations()) == ["double recipient", "digest"])
    }

    @Test func `recipients that are not the planned ones are found by the digest`() async throws {
        try await fixture.start()
        try await fixture.book(fixture.rows(1...9))
        try await fixture.book([SendOutcomeRow(endpointKey: 77, ordinal: 9, state: .accepted)])
        #expect(try await fixture.violations() == ["digest"])
    }

    @Test func `an outcome beyond its chunk is found`() async throws {
        try await fixture.start()
        try await fixture.book(fixture.rows(1...11))
        #expect(try await Set(fixture.violations()) == ["balance", "outcome outside its chunk"])
    }

    @Test func `chunks whose keys overlap are found`() async throws {
        try await fixture.start()
        try await fixture.book(fixture.rows(1...10))
        try await fixture.database.execute(
            """
            INSERT INTO run_chunks SELECT app, run, 1, treatment, 5, 20, 0, digest FROM run_chunks
            """
        )
        #expect(try await fixture.violations() == ["chunk overlap"])
    }

    @Test func `an acceptance that was recorded late supersedes unknown, in the books and in the roll-ups`()
        async throws
    {
        try await fixture.start()
        try await fixture.book(fixture.rows(1...9))
        try await fixture.book([
            SendOutcomeRow(endpointKey: 10, ordinal: 9, state: .unknown, reason: .crashed)
        ])
        try await fixture.book(fixture.rows(10...10, flags: SendOutcomeRow.late))
        #expect(try await fixture.violations().isEmpty)
        let sheet = try await fixture.database.withSession {
            try await Ledger.balance(fixture.app, run: fixture.run, in: $0)
        }
        #expect(sheet?.total(.accepted) == 10)
        #expect(sheet?.total(.unknown) == 0)
        try await fixture.rollUp()
        #expect(try await fixture.rollupViolations().isEmpty)
    }

    @Test func `roll-ups that differ from the raw rows are found`() async throws {
        try await fixture.start()
        try await fixture.book(fixture.rows(1...10))
        try await fixture.rollUp()
        #expect(try await fixture.rollupViolations().isEmpty)
        try await fixture.database.execute("UPDATE rollups SET n = n + 1")
        #expect(
            try await fixture.rollupViolations() == ["treatment 0 _outcome.accepted differs from the raw rows by 1"])
    }
}
