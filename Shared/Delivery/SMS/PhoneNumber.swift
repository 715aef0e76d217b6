/// A telephone number as the world dials it: E.164 with `+`.
package struct PhoneNumber: Hashable, Sendable {
    package let text: String

    /// With the separators that people write, and `00` for `+`. Nil without a country code: a national number dialled from elsewhere is
    /// somebody else's.
    package init?(_ address: String) {
        var digits: [UInt8] = []
        var isInternational = false
        for scalar in address.unicodeScalars {
            switch scalar {
            case "0"..."9": digits.append(UInt8(truncatingIfNeeded: scalar.value))
            case "+" where digits.isEmpty && !isInternational, "\u{FF0B}" where digits.isEmpty && !isInternational:
                isInternational = true
            case " ", "-", ".", "(", ")", "/", "\u{A0}", "\u{2011}", "\t": break
            case _: return nil
            }
        }
        if !isInternational, digits.starts(with: [0x30, 0x30]) {
            digits.removeFirst(2)
            isInternational = true
        }
        // E.164 §6: at most 15 digits; the shortest in use have 7 with their country code.
        guard isInternational, (7...15).contains(digits.count), digits[0] != 0x30 else { return nil }
        text = "+\(String(decoding: digits, as: UTF8.self))"
    }

    /// ISO 3166-1 alpha-2; nil for a code that no country has.
    package var country: String? { PhoneTables.standard.country(of: self) }
}

/// `ops/data/calling-codes.tsv` and `ops/data/sms-prices.tsv`: the longest prefix that fits counts.
package struct PhoneTables: Sendable {
    /// Compiled in. A broken table is a programmer's error, caught by a test over the same literals.
    package static let standard =
        (try? PhoneTables(countries: CallingCodeData.countries, prices: CallingCodeData.prices)) ?? PhoneTables()

    private var countries: [Int: String] = [:]
    private var prices: [Int: Int] = [:]

    package struct TableFault: Error, Equatable {
        package let line: Int
        package let message: String

        package init(line: Int, message: String) {
            self.line = line
            self.message = message
        }
    }

    private init() {}

    package init(countries: String, prices: String) throws(TableFault) {
        for (line, fields) in try Self.rows(countries, columns: 2) {
            guard fields[1].utf8.count == 2 else {
                throw TableFault(line: line, message: "a country of two letters expected")
            }
            self.countries[try Self.prefix(fields[0], line)] = fields[1]
        }
        for (line, fields) in try Self.rows(prices, columns: 3) {
            guard let millicents = Int(fields[1]), millicents >= 0 else {
                throw TableFault(line: line, message: "a price expected")
            }
            self.prices[try Self.prefix(fields[0], line)] = millicents
        }
    }

    package var count: (countries: Int, prices: Int) { (countries.count, prices.count) }

    func country(of number: PhoneNumber) -> String? { Self.longest(number) { countries[$0] } }

    /// Thousandths of a US cent of one part; nil where the table has no price.
    package func millicents(of number: PhoneNumber) -> Int? { Self.longest(number) { prices[$0] } }

    /// No prefix of either table is longer.
    private static let longestPrefix = 7

    private static func longest<Value>(_ number: PhoneNumber, _ value: (Int) -> Value?) -> Value? {
        var prefixes: [Int] = []
        var prefix = 0
        for digit in number.text.utf8.dropFirst().prefix(longestPrefix) {
            prefix = prefix * 10 + Int(digit - 0x30)
            prefixes.append(prefix)
        }
        for prefix in prefixes.reversed() {
            if let found = value(prefix) { return found }
        }
        return nil
    }

    private static func prefix(_ text: String, _ line: Int) throws(TableFault) -> Int {
        guard let prefix = Int(text), prefix > 0, text.utf8.count <= longestPrefix else {
            throw TableFault(line: line, message: "a prefix of at most \(longestPrefix) digits expected")
        }
        return prefix
    }

    private static func rows(_ text: String, columns: Int) throws(TableFault) -> [(line: Int, fields: [String])] {
        var rows: [(Int, [String])] = []
        var sawHeader = false
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            if line.isEmpty || line.hasPrefix("#") { continue }
            if !sawHeader {
                sawHeader = true
                continue
            }
            let fields = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
            guard fields.count == columns else {
                throw TableFault(line: index + 1, message: "\(columns) columns expected")
            }
            rows.append((index + 1, fields))
        }
        return rows
    }
}
