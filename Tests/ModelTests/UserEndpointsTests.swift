import Core
import Model
import Testing

@Suite struct UserEndpointsTests {
    private func member(_ key: Int64, _ channel: String?, at seconds: Int64 = 0) -> UserEndpoints.Member {
        UserEndpoints.Member(key: key, channelType: channel, effectiveAt: Instant(seconds: seconds))
    }

    private func full(_ channel: String?) -> UserEndpoints {
        UserEndpoints((1...15).map { member($0, channel, at: 100 - $0) })
    }

    @Test(arguments: ["SMS", "PUSH", "VOICE", "EMAIL", "CUSTOM", "IN_APP", nil])
    func `the 16th endpoint of a channel that nothing gives way to is refused`(_ channel: String?) {
        var endpoints = full("GCM")
        #expect(endpoints.admit(member(16, channel)) == .refused)
        #expect(endpoints.members.count == 15)
    }

    @Test(arguments: ["ADM", "GCM", "APNS", "APNS_VOIP", "APNS_VOIP_SANDBOX", "BAIDU"])
    func `the 16th push endpoint replaces the push endpoint with the oldest date`(_ channel: String) {
        var endpoints = full("APNS")
        #expect(endpoints.admit(member(16, channel)) == .admittedInsteadOf(key: 15))
        #expect(endpoints.members.count == 15)
        #expect(endpoints.members.contains { $0.key == 16 })
    }

    @Test func `a push endpoint replaces no other kind`() {
        var endpoints = full("EMAIL")
        #expect(endpoints.admit(member(16, "GCM")) == .refused)
    }

    @Test func `a member comes again without counting twice, and leaves room when it goes`() {
        var endpoints = full("EMAIL")
        #expect(endpoints.admit(member(3, "SMS")) == .admitted)
        #expect(endpoints.members.count == 15)
        endpoints.remove(key: 3)
        #expect(endpoints.admit(member(16, "EMAIL")) == .admitted)
    }
}
