import Core
import TestKit
import Testing

@testable import Needletail

@Suite struct PurchaseHistoryTests {
    private static let file = BuildPaths.repository + "/ops/demo/CDNOW_master.txt"

    @Test func `the file's totals are those that its authors publish`() throws {
        let history = try PurchaseHistory(file: Self.file)
        #expect(history.customers.count == 23_570)
        #expect(history.customers.reduce(0) { $0 + $1.purchases.count } == 69_659)
        #expect(history.customers.reduce(0) { $0 + $1.cds } == 167_881)
        #expect(history.customers.reduce(0) { $0 + $1.cents } == 250_031_563)
        #expect(history.lapsed.count == 3_447)
    }

    @Test func `a customer's purchases keep their lines, days and cents`() throws {
        let history = try PurchaseHistory(file: Self.file)
        let customer = try #require(history.customers.first { $0.number == "00002" })
        #expect(customer.purchases.map(\.line) == [3, 4])
        #expect(customer.purchases.map(\.cents) == [1200, 7700])
        #expect(customer.first == Day(year: 1997, month: 1, day: 12))
        #expect(customer.spent == 89)
        #expect(customer.cds == 6)
        #expect(!customer.hasLapsed)
    }

    @Test func `a file that is not there is an error that names it`() {
        #expect(throws: Fault.self) { try PurchaseHistory(file: "/nowhere/CDNOW_master.txt") }
    }
}
