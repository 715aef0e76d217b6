import Core
import Model
import PinpointAPI
import Testing

@Suite struct EmailDomainsTests {
    @Test(arguments: ["bounce.example.com", "B.Example.COM", "a.b", ""])
    func `a domain is taken, and an empty one takes it away`(domain: String) throws {
        try EmailDomains.check(["BounceDomain": .string(domain), "ReplyDomain": .string(domain)], at: .root)
    }

    @Test(arguments: [
        "localhost", "b@example.com", "-a.example.com", "a..b", "a b.com", "bücher.example", "a.b\r\nX",
        "1.example.com.",
    ])
    func `everything else is refused with the member's name`(domain: String) throws {
        for member in EmailDomains.members {
            #expect(throws: APIError.self) {
                try EmailDomains.check(
                    JSON.object(JSONObject(uniqueMembers: [.init(key: member, value: .string(domain))])), at: .root)
            }
        }
        #expect(throws: APIError.self) { try EmailDomains.check(["ReplyDomain": 5], at: .root) }
    }
}
