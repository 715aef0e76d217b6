import Core
import Delivery
import Model
import Testing

/// Numbers, where they are and what they cost, and who a text comes from.
@Suite struct SMSSendersTests {
    private func channel(_ json: String) throws -> SMSSenders {
        SMSSenders(channel: try #require(try JSON.parse(Array(json.utf8)).object))
    }
    private func number(_ text: String) throws -> PhoneNumber { try #require(PhoneNumber(text)) }

    @Test(
        arguments: [
            ("+46 70-123 45 67", "+46701234567"), ("0046701234567", "+46701234567"),
            ("+1 (415) 555-0100", "+14155550100"),
            ("\u{FF0B}46701234567", "+46701234567"), ("+1.415.555.0100", "+14155550100"), ("0701234567", nil),
            ("14155550100", nil),
            ("+0701234567", nil), ("+123456", nil), ("+1234567890123456", nil), ("++46701234567", nil),
            ("person@example.com", nil),
            ("+46701234567x2", nil), ("", nil), ("+٤٦٧٠١٢٣٤٥٦٧", nil),
        ] as [(String, String?)])
    func `an address is a number with its country code, or none`(address: String, wanted: String?) {
        #expect(PhoneNumber(address)?.text == wanted)
    }

    @Test(
        arguments: [
            ("+14155550100", "US", 800), ("+14165550100", "CA", 800), ("+18765550100", "JM", 800),
            ("+46701234567", "SE", nil),
            ("+447700900000", "GB", 4000), ("+77011234567", "KZ", nil), ("+79161234567", "RU", nil),
            ("+59991234567", "CW", nil),
            ("+59971234567", "BQ", nil), ("+99999999999", nil, nil),
        ] as [(String, String?, Int?)])
    func `the longest prefix says the country and the price of a part`(text: String, country: String?, price: Int?)
        throws
    {
        let number = try number(text)
        #expect(number.country == country)
        #expect(PhoneTables.standard.millicents(of: number) == price)
    }

    @Test func `the tables are read whole, and a broken row is named`() throws {
        #expect(PhoneTables.standard.count.countries > 250 && PhoneTables.standard.count.prices == 10)
        #expect(throws: PhoneTables.TableFault(line: 2, message: "a price expected")) {
            try PhoneTables(countries: "h\n1\tUS", prices: "h\n1\tfree\tUS")
        }
        #expect(throws: PhoneTables.TableFault.self) { try PhoneTables(countries: "h\n0x\tUS", prices: "h") }
    }

    @Test func `the campaign's sender comes first, then the pool's, then the channel's`() throws {
        let json =
            #"{"ShortCode": "12345", "SenderId": "SHOP", "Needletail": {"Senders": [{"Number": "+15550001", "Countries": ["US"]}]}}"#
        let senders = try channel(json)
        let (us, se) = (try number("+14155550100"), try number("+46701234567"))
        #expect(senders.sender(of: .init(body: "b", originationNumber: "+1999"), to: us) == "+1999")
        #expect(senders.sender(of: .init(body: "b", senderID: "OWN"), to: us) == "OWN")
        #expect(senders.sender(of: .init(body: "b"), to: us) == "+15550001")
        #expect(senders.sender(of: .init(body: "b"), to: se) == "12345")
        #expect(try channel(#"{"SenderId": "SHOP"}"#).sender(of: .init(body: "b"), to: se) == "SHOP")
        #expect(try channel("{}").sender(of: .init(body: "b"), to: se) == nil)
        #expect(try channel(#"{"Needletail": {"SmartEncoding": true}}"#).isSmart)
    }

    @Test func `a pool's senders share people by weight, for good, and a newcomer takes only its own share`() throws {
        let two = try channel(
            #"{"Needletail": {"Senders": [{"Number": "+1", "Weight": 1}, {"Number": "+2", "Weight": 3}, {"SenderId": "SE", "Countries": ["SE"]}]}}"#
        )
        let three = try channel(
            #"{"Needletail": {"Senders": [{"Number": "+3", "Weight": 4}, {"Number": "+1", "Weight": 1}, {"Number": "+2", "Weight": 3}]}}"#
        )
        var counts: [String: Int] = [:]
        var moved: [String: Int] = [:]
        for index in 0..<4000 {
            let person = try number("+4477009\(10_000 + index)")
            let before = try #require(two.sender(of: .init(body: "b"), to: person))
            #expect(two.sender(of: .init(body: "another campaign"), to: person) == before)
            counts[before, default: 0] += 1
            let after = try #require(three.sender(of: .init(body: "b"), to: person))
            if after != before { moved[after, default: 0] += 1 }
        }
        // 1 : 3 of 4000 is 1000 ± 27 (one standard deviation).
        #expect((880...1120).contains(counts["+1"] ?? 0), "\(counts)")
        #expect(counts["SE"] == nil)
        #expect(Set(moved.keys) == ["+3"] && (1840...2160).contains(moved["+3"] ?? 0), "\(moved)")
        #expect(two.sender(of: .init(body: "b"), to: try number("+46701234567")) == "SE")
    }
}
