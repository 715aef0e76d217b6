import Core
import Runtime

/// The CDNOW data set (`ops/demo/ATTRIBUTION.md`): who bought what, when.
struct PurchaseHistory: Sendable {
    struct Purchase: Sendable {
        /// Of the file, from 1: what makes identical purchases different ones.
        let line: Int
        let day: Day
        let cds: Int
        let cents: Int
    }

    struct Customer: Sendable {
        /// Five digits, as in the file.
        let number: String
        let first: Day
        private(set) var last: Day
        private(set) var cds = 0
        private(set) var cents = 0
        private(set) var purchases: [Purchase] = []

        var endpointID: String { "customer-\(number)" }
        var address: String { "customer-\(number)@example.com" }
        /// Rounded to cents by construction.
        var spent: Double { Double(cents) / 100 }
        /// In the segment of the demonstration, recounted from the file.
        var hasLapsed: Bool { purchases.count >= 2 && cents > 10_000 && last < Self.lapsedBefore }

        static let lapsedBefore = Day(year: 1998, month: 4, day: 2)

        fileprivate init(number: String, first: Day) {
            self.number = number
            self.first = first
            last = first
        }

        fileprivate mutating func append(_ purchase: Purchase) {
            last = max(last, purchase.day)
            cds += purchase.cds
            cents += purchase.cents
            purchases.append(purchase)
        }
    }

    /// What the file holds, by its authors and by an independent count; anything else is another file.
    static let customerCount = 23_570
    static let purchaseCount = 69_659
    static let lapsedCount = 3_447

    let customers: [Customer]
    private static let fileLimitBytes = 4 << 20

    init(file: String) throws {
        guard let bytes = SmallFile.read(file, limitBytes: Self.fileLimitBytes) else {
            throw Fault(.configuration, "cannot read \(file)")
        }
        var customers: [Customer] = []
        var count = 0
        let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        // The first line names the columns.
        for (index, line) in lines.enumerated().dropFirst() {
            let fields = line.split { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\r") }
            guard !fields.isEmpty else { continue }
            guard let (number, purchase) = Self.purchase(fields, line: index + 1) else {
                throw Fault(.invalid, "line \(index + 1) of \(file) is not a purchase")
            }
            if customers.last?.number != number { customers.append(Customer(number: number, first: purchase.day)) }
            customers[customers.count - 1].append(purchase)
            count += 1
        }
        self.customers = customers
        guard customers.count == Self.customerCount, count == Self.purchaseCount, lapsed.count == Self.lapsedCount
        else {
            throw Fault(
                .invalid,
                "\(file) has \(customers.count) customers, \(count) purchases, \(lapsed.count) lapsed customers: not CDNOW_master.txt"
            )
        }
    }

    var lapsed: [Customer] { customers.filter(\.hasLapsed) }

    private static func purchase(_ fields: [ArraySlice<UInt8>], line: Int) -> (number: String, Purchase)? {
        guard fields.count == 4, let date = integer(fields[1]), let cds = integer(fields[2]),
            let cents = cents(fields[3]), fields[0].count == 5, integer(fields[0]) != nil
        else { return nil }
        let day = Day(year: date / 10_000, month: date / 100 % 100, day: date % 100)
        return (String(decoding: fields[0], as: UTF8.self), Purchase(line: line, day: day, cds: cds, cents: cents))
    }

    private static func integer(_ digits: ArraySlice<UInt8>) -> Int? {
        Int(String(decoding: digits, as: UTF8.self))
    }

    /// `11.77`; not by way of a floating-point number, so that sums are exact.
    private static func cents(_ text: ArraySlice<UInt8>) -> Int? {
        let parts = text.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 2, parts[1].count == 2, let dollars = integer(parts[0]), let cents = integer(parts[1])
        else {
            return nil
        }
        return dollars * 100 + cents
    }
}
