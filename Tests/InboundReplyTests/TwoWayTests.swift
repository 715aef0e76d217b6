import Core
import Model
import Postgres
import TestKit
import Testing

@Suite(.database) struct TwoWayTests {
    @Test func `a reply is passed on to the customer's webhook, signed, until it is taken`() async throws {
        let peer = try await WebhookPeer.start()
        let channel: JSON = [
            "Needletail": ["TwoWay": ["Url": .string(peer.url("flaky")), "Secret": .string(WebhookPeer.secret)]]
        ]
        let settings = [
            "NEEDLETAIL_OUTBOUND_ALLOW": "127.0.0.1/32", "NEEDLETAIL_OUTBOUND_CA_FILE": peer.certificateAuthorityFile,
        ]
        try await InboundService.run(settings: settings, channel: channel) { service in
            try await service.post("messages", service.text("SM1", "join please"))
            try await service.post("messages", service.text("SM1", "join please"))
            try await eventually("it is taken at the third try") {
                try peer.calls().contains { $0["status"]?.int == 200 }
            }
            let calls = try peer.calls()
            #expect(calls.count == 3, "the repeated message is passed on once")
            #expect(Set(calls.compactMap { $0["headers"]?["webhook-id"]?.string }).count == 1)
            let last = try #require(calls.last)
            #expect(last["verified"]?.array?.first?.bool == true)
            let body = try JSON.parse(Array((last["body"]?.string ?? "").utf8))
            #expect(body["originationNumber"]?.string == "+15550001001")
            #expect(body["destinationNumber"]?.string == "+15559990000")
            #expect(body["messageKeyword"]?.string == "JOIN" && body["messageBody"]?.string == "join please")
            #expect(body["inboundMessageId"]?.string == last["headers"]?["webhook-id"]?.string)
            try await eventually {
                try await service.count("SELECT count(*) FROM jobs WHERE kind = 'inbound.two_way'") == 0
            }
        }
    }

    @Test func `nothing is passed on where nobody asked for it`() async throws {
        try await InboundService.run { service in
            try await service.post("messages", service.text("SM1", "hello"))
            try await eventually {
                try await service.count("SELECT count(*) FROM inbound_calls WHERE state = 'DONE'") == 1
            }
            try await eventually { try await service.count("SELECT count(*) FROM jobs") == 0 }
        }
    }
}
