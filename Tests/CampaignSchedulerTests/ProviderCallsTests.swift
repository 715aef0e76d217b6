import Core
import Postgres
import TestKit
import Testing

@testable import CampaignScheduler

/// `…/channels/{type}/provider`. The development inbox is the kind that needs nothing, so that what is tested is the calls.
@Suite(.database) struct ProviderCallsTests {
    private func path(_ app: String, _ channel: String = "sms") -> String {
        "/v1/apps/\(app)/channels/\(channel)/provider"
    }

    @Test func `providers are replaced as a whole, and keep their address by their name`() async throws {
        try await ServiceUnderTest.run(ControlRoutes.all) { service in
            let app = try await service.createApp()
            #expect(try await service.call("GET", path(app)).json == ["Providers": []])
            let first = try await service.call(
                "PUT", path(app),
                [
                    "Providers": [
                        ["Name": "a", "Kind": "dev-inbox"], ["Name": "b", "Kind": "dev-inbox", "Rank": 2, "Weight": 7],
                    ]
                ])
            #expect(first.status == 200, "\(first.text)")
            let list = try #require(first.json["Providers"]?.array)
            #expect(list.map { $0["Name"]?.string } == ["a", "b"])
            #expect(list[1]["Rank"]?.int == 2 && list[1]["Weight"]?.int == 7 && list[1]["Enabled"]?.bool == true)
            let address = try #require(list[0]["InboundUrl"]?.string)
            #expect(address.contains("/inbound/\(list[0]["Id"]?.string ?? "-")/"))
            // What was answered may be sent back as it is.
            let second = try await service.call("PUT", path(app), ["Providers": [list[0]]])
            #expect(second.status == 200, "\(second.text)")
            #expect(second.json["Providers"]?.array == [list[0]])
            #expect(try await service.call("GET", path(app, "gcm")).json == ["Providers": []])
            #expect(try await service.call("DELETE", path(app)).json == ["Providers": []])
            #expect(try await service.call("GET", path(app)).json == ["Providers": []])
        }
    }

    @Test(arguments: [
        (#"{}"#, "Providers"), (#"{"Providers": 1}"#, "Providers"), (#"{"Providers": [], "More": 1}"#, "More"),
        (#"{"Providers": [{"Kind": "dev-inbox"}]}"#, "Name"),
        (#"{"Providers": [{"Name": "a b", "Kind": "dev-inbox"}]}"#, "Name"),
        (#"{"Providers": [{"Name": "a", "Kind": "nobody"}]}"#, "dev-inbox"),
        (#"{"Providers": [{"Name": "a", "Kind": "dev-inbox", "Rank": 0}]}"#, "Rank"),
        (#"{"Providers": [{"Name": "a", "Kind": "dev-inbox", "Weight": 1001}]}"#, "Weight"),
        (#"{"Providers": [{"Name": "a", "Kind": "dev-inbox", "Enabled": "no"}]}"#, "Enabled"),
        (#"{"Providers": [{"Name": "a", "Kind": "dev-inbox", "Settings": {"Colour": "x"}}]}"#, "Colour"),
        (#"{"Providers": [{"Name": "a", "Kind": "dev-inbox", "Settings": {"Url": "ftp://x"}}]}"#, "Url"),
        (#"{"Providers": [{"Name": "a", "Kind": "dev-inbox", "Secrets": {"Key": "x"}}]}"#, "Key"),
        (#"{"Providers": [{"Name": "a", "Kind": "dev-inbox"}, {"Name": "a", "Kind": "dev-inbox"}]}"#, "twice"),
    ])
    func `what is wrong is named, and nothing is stored`(body: String, word: String) async throws {
        try await ServiceUnderTest.run(ControlRoutes.all) { service in
            let app = try await service.createApp()
            let answer = try await service.call("PUT", path(app), try JSON.parse(Array(body.utf8)))
            #expect(answer.status == 400 && answer.message.contains(word), "\(answer.text)")
            #expect(try await service.call("GET", path(app)).json == ["Providers": []])
        }
    }

    @Test func `only channels that send have providers`() async throws {
        try await ServiceUnderTest.run(ControlRoutes.all) { service in
            let app = try await service.createApp()
            for channel in ["in_app", "nothing", "SMS"] {
                #expect(try await service.call("GET", path(app, channel)).status == 404, "\(channel)")
            }
            for channel in ["email", "push", "custom", "apns_voip_sandbox"] {
                #expect(try await service.call("GET", path(app, channel)).status == 200, "\(channel)")
            }
        }
    }
}
