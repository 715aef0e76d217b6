import Core
import Testing

@testable import Needletail

@Suite struct RunBooksTests {
    private static func sheet(accepted: Int64 = 4, open: Int64 = 0, balances: Bool = true) -> JSON {
        [
            "Planned": 6, "Accepted": .integer(accepted), "Suppressed": 2, "Open": .integer(open),
            "Balances": .bool(balances),
            "Treatments": [
                ["TreatmentId": "HOLDOUT", "Planned": 1, "Suppressed": 1, "Reasons": ["Suppressed": ["HOLDOUT": 1]]],
                [
                    "TreatmentId": "0", "Planned": 5, "Accepted": .integer(accepted), "Suppressed": 1,
                    "Reasons": ["Suppressed": ["SUPPRESSED_UNSUBSCRIBE": 1]],
                ],
            ],
        ]
    }

    @Test func `a sheet balances when every part and the whole do`() throws {
        let books = try RunBooks(Self.sheet())
        #expect(books.balances)
        #expect(books.heldOut == 1)
        #expect(books.suppressedByGate == 1)
        #expect(books.treatments.map(\.title) == ["0", "HOLDOUT"])
        #expect(books.table.contains { $0.contains("SUPPRESSED_UNSUBSCRIBE") })
    }

    @Test(arguments: [sheet(accepted: 3), sheet(open: 1), sheet(balances: false)])
    func `one that lacks a recipient, has an open one, or says so itself does not`(sheet: JSON) throws {
        #expect(try !RunBooks(sheet).balances)
    }

    @Test func `an answer that is no sheet is an error`() {
        #expect(throws: Fault.self) { try RunBooks(["Message": "Resource not found"]) }
    }

    @Test func `numbers are grouped and rates rounded for people`() {
        #expect(
            [0, 999, 1000, 23_570, 1_000_001].map(DemoText.grouped) == ["0", "999", "1,000", "23,570", "1,000,001"])
        #expect([0, 0.0004, 0.3146, 1].map(DemoText.percent) == ["0.0 %", "0.0 %", "31.5 %", "100.0 %"])
        #expect(DemoText.table([["a", "1"], ["bbb", "22"]]) == ["    a      1", "    bbb   22"])
    }
}
