import Core
import EventLoop
import HTTPClient
import Model
import Runtime
import TestKit
import Testing

@testable import Providers

/// Texts through a real gateway to a carrier and back.
@Suite(.timeLimit(.minutes(3))) struct KannelPeerTests {
    private func send(_ messages: [OutgoingSMS], by setup: ProviderSetup) async throws -> [SendOutcome] {
        let environment = TestEnvironment.make()
        let client = OutboundClient(
            rules: OutboundRules(allow: try #require(OutboundAllowList("127.0.0.1/32"))), environment: environment,
            metrics: Metrics())
        defer { client.close() }
        return await Provider.http(try Kannel(setup), client: client, environment: environment).deliver(messages)
    }

    private func text(_ to: String, _ body: String, _ token: String, from: String? = nil) -> OutgoingSMS {
        OutgoingSMS(
            to: to, from: from, body: body, token: token,
            charge: SMSCharge(parts: SMSSegments(body).count, country: "US", millicents: 800))
    }

    @Test(arguments: ["POST", "GET"])
    func `short, long and Unicode texts reach the carrier whole, and their receipts come back`(method: String)
        async throws
    {
        let peer = try await KannelPeer.start(.fake, settings: ["Method": .string(method)])
        let long = String(repeating: "0123456789", count: 20)
        let messages = [
            text("+15551234561", "Hej {du} & 100% åäö €", "tok1", from: "+15550001"),
            text("+15551234562", "Привет 😀", "tok2", from: "SHOP"), text("+15551234563", long, "tok3"),
        ]
        let outcomes = try await send(messages, by: peer.setup)
        #expect(outcomes == ["tok1", "tok2", "tok3"].map { .accepted(providerReference: $0) })
        for message in messages {
            try await eventually(within: .seconds(30), "\(message.token) is delivered") {
                Set(try peer.receipts(message.token).map(\.kind)).isSuperset(of: [.sent, .delivered])
            }
        }
        let receipt = try #require(try peer.receipts("tok3").first { $0.kind == .delivered })
        #expect(
            receipt.attributes["number_of_message_parts"] == "2" && receipt.attributes["record_status"] == "DELIVERED")
        #expect(receipt.metrics["price_in_millicents_usd"] == 800 && receipt.address == "+15551234563")
        #expect(receipt.at != nil && receipt.key == "tok3:1")
        try await eventually(within: .seconds(10), "the carrier has all parts") { peer.carried.count >= 4 }
        let carried = peer.carried
        #expect(carried.contains { $0.contains("+15551234561 text Hej {du} & 100% åäö €") }, "\(carried)")
        #expect(
            carried.contains { $0.contains("SHOP +15551234562 ucs-2 ") || $0.contains("SHOP +15551234562 ucs2 ") },
            "\(carried)")
        #expect(carried.filter { $0.contains("+15551234563 udh") }.count == 2, "\(carried)")
    }

    @Test func `what people write comes in: plain, in Unicode, and in pieces`() async throws {
        let peer = try await KannelPeer.start(
            .fake,
            [
                "15550001 12345 text hello STOP world", "15550002 12345 ucs2 %04%1F%04%40%D8%3D%DE%00",
                "15550003 12345 udh-text %05%00%03%07%02%01 first-half-",
                "15550003 12345 udh-text %05%00%03%07%02%02 second-half",
            ])
        try await eventually(within: .seconds(30), "three messages are in") { try peer.replies().count >= 3 }
        let replies = try peer.replies()
        #expect(Set(replies.map(\.text)) == ["hello STOP world", "Пр😀", "first-half-second-half"])
        #expect(Set(replies.map(\.from)) == ["+15550001", "+15550002", "+15550003"])
        #expect(replies.allSatisfy { $0.to == "12345" && $0.channel == "SMS" && $0.at != nil })
        #expect(Set(replies.map(\.key)).count == 3)
        // Nothing of ours went back to them.
        #expect(peer.carried.isEmpty, "\(peer.carried)")
    }

    @Test func `the gateway's refusals are outcomes`() async throws {
        let peer = try await KannelPeer.start(.fake)
        var wrong = peer.setup
        wrong = KannelFixture.setup(["Url": .string(wrong.url(or: ""))], password: "wrong")
        let refused = try await send([text("+15551234561", "Hi", "tok")], by: wrong)
        guard case .notSent(.authentication, _)? = refused.first else {
            Issue.record("\(refused)")
            return
        }
        let nobody = try await send([text("", "Hi", "tok")], by: peer.setup)
        guard case .rejected(.address, _, _)? = nobody.first else {
            Issue.record("\(nobody)")
            return
        }
    }

    @Test func `an SMPP carrier's refusals and receipts are told apart`() async throws {
        let peer = try await KannelPeer.start(.smpp, ["15550001 12345 hello STOP", "15550002 12345 Привет"])
        let numbers = ["2", "9", "1", "0", "8", "6"]
        let messages = numbers.map { text("+1555123456\($0)", "Hi \($0)", "tok\($0)") }
        let outcomes = try await send(
            messages + [text("+15551234573", String(repeating: "ж", count: 100), "long")], by: peer.setup)
        #expect(outcomes.allSatisfy { if case .accepted = $0 { true } else { false } })
        let fates: [String: (Receipt.Kind, String)] = [
            "2": (.delivered, "DELIVERED"), "9": (.hardBounce, "INVALID"), "1": (.softBounce, "UNREACHABLE"),
            "0": (.delivered, "DELIVERED"), "8": (.softBounce, "UNKNOWN"), "6": (.expired, "TTL_EXPIRED"),
        ]
        for number in numbers {
            let (kind, status) = try #require(fates[number])
            try await eventually(within: .seconds(60), "the fate of …\(number) is known") {
                try peer.receipts("tok\(number)").contains {
                    $0.kind == kind && $0.attributes["record_status"] == status
                }
            }
        }
        #expect(try peer.receipts("tok9").contains { $0.detail == "NACK/0x0000000b/Invalid Destination Address" })
        #expect(try peer.receipts("tok9").allSatisfy { $0.kind == .hardBounce })
        // Refused once for its rate and then taken: nobody was told of the first.
        #expect(try peer.receipts("tok0").allSatisfy { $0.kind == .sent || $0.kind == .delivered })
        try await eventually(within: .seconds(30), "both messages are in") { try peer.replies().count == 2 }
        #expect(Set(try peer.replies().map(\.text)) == ["hello STOP", "Привет"])
        #expect(Set(try peer.replies().map(\.from)) == ["+15550001", "+15550002"])
        // 100 letters of two bytes are two parts: UDHI, UCS-2, and the same reference with places 1 and 2 of 2.
        let parts = peer.carried.filter { $0.contains("15551234573") }
        #expect(parts.count == 2 && parts.allSatisfy { $0.contains("coding 8 esm 67 050003") }, "\(parts)")
    }
}
