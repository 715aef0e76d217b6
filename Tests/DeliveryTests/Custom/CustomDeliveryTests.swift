import Core
import Model
import Postgres
import Queue
import TestKit
import Testing

@testable import Delivery

/// Custom messages from the job to a receiver over TLS, and to the ledger.
@Suite(.database) struct CustomDeliveryTests {
    @Test func `people go 50 to a call, signed with both live secrets, in Pinpoint's shape`() async throws {
        let fixture = try await CustomFixture()
        try await fixture.configure(
            [:],
            secrets: [
                "Secret": .string(WebhookPeer.secret), "PreviousSecret": .string(WebhookPeer.previousSecret),
            ])
        let plan = fixture.plan(fixture.peer.url("take"), data: #"{"coupon": "ÄÖ\u2028"}"#)
        try await fixture.delivery.start(plan, endpoints: 120)
        try await fixture.delivery.drain(fixture.delivery.delivery(try fixture.channel(), window: 120))
        let calls = try fixture.peer.calls()
        #expect(calls.map { $0["endpoints"]?.array?.count }.compactMap(\.self).sorted() == [20, 50, 50])
        #expect(calls.allSatisfy { $0["verified"] == [true, true] })
        let body = try JSON.parse(calls.first { $0["endpoints"]?.array?.contains("e1") == true }?["body"]?.string ?? "")
        let scalars: [(String, JSON)] = [
            ("Message", [:]), ("Data", .string(#"{"coupon": "ÄÖ\u2028"}"#)), ("TreatmentId", "0"),
            ("ApplicationId", .string(plan.app.description)), ("CampaignId", .string(plan.campaign.description)),
            ("ActivityId", .string(CampaignActivity.id(plan.run, treatment: 0).description)),
            ("ScheduledTime", .string(plan.scheduledAt.description)),
        ]
        for (name, value) in scalars { #expect(body[name] == value, "\(name)") }
        #expect(body["MessageConfiguration"] == nil)
        let person = try #require(body["Endpoints"]?["e1"]?.object)
        #expect(
            Set(person.keys) == [
                "ChannelType", "Address", "EndpointStatus", "OptOut", "Location", "Demographic", "EffectiveDate",
                "Attributes", "Metrics", "CreationDate",
            ])
        #expect(person["Attributes"] == ["CohortId": ["0"]] && person["Address"] == "p1@example.com")
        #expect(try await fixture.outcomes() == ["accepted": 120])
        #expect(try await fixture.delivery.violations().isEmpty)
    }

    @Test func `without a provider a call is not signed and has its id all the same`() async throws {
        let fixture = try await CustomFixture()
        try await fixture.delivery.start(fixture.plan(fixture.peer.url("take")), endpoints: 3)
        try await fixture.delivery.drain(fixture.delivery.delivery(try fixture.channel()))
        let call = try #require(try fixture.peer.calls().first)
        #expect(call["headers"]?["webhook-id"]?.string?.hasPrefix("batch_") == true)
        #expect(call["headers"]?["webhook-signature"] == nil && call["verified"] == [false, false])
        #expect(call["endpoints"]?.array?.count == 3)
    }

    @Test(arguments: [
        ("201", "accepted", 1), ("flaky", "accepted", 3), ("later", "accepted", 2),
        ("410", "rejected CONFIGURATION", 1), ("422", "rejected CUSTOM_DELIVERY_FAILURE", 1),
        ("302", "rejected CUSTOM_DELIVERY_FAILURE", 1), ("500", "rejected CUSTOM_DELIVERY_FAILURE", 10),
        ("lose", "unknown NO_REPLY", 1), ("deaf", "unknown NO_REPLY", 1),
    ])
    func `what an answer means for the people of its call`(path: String, outcome: String, calls: Int) async throws {
        let fixture = try await CustomFixture()
        try await fixture.delivery.start(fixture.plan(fixture.peer.url(path)), endpoints: 4)
        try await fixture.delivery.drain(fixture.delivery.delivery(try fixture.channel(timeout: .seconds(1))))
        #expect(try await fixture.outcomes() == [outcome: 4])
        let made = try fixture.peer.calls()
        #expect(made.count == calls)
        #expect(Set(made.map { $0["headers"]?["webhook-id"]?.string }).count == 1, "one name for one content")
        #expect(made.allSatisfy { $0["endpoints"]?.array?.count == 4 }, "people who travel together stay together")
        #expect(try await fixture.delivery.violations().isEmpty)
    }

    @Test(arguments: ["401", "403"]) func `a receiver that does not let us in makes people wait`(path: String)
        async throws
    {
        let fixture = try await CustomFixture()
        try await fixture.delivery.start(fixture.plan(fixture.peer.url(path)), endpoints: 4)
        let job = try #require(try await fixture.delivery.take())
        try await fixture.delivery.delivery(try fixture.channel()).run(job, HeldLease(terms: fixture.delivery.lease))
        #expect(try await fixture.outcomes().isEmpty)
        #expect(try await fixture.delivery.sheet()?.open == 4)
    }

    @Test func `an address inside the operator's network is refused before anything leaves`() async throws {
        let fixture = try await CustomFixture()
        try await fixture.delivery.start(fixture.plan("https://10.1.2.3/x"), endpoints: 2)
        try await fixture.delivery.drain(fixture.delivery.delivery(try fixture.channel()))
        #expect(try await fixture.outcomes() == ["rejected CONFIGURATION": 2])
    }

    @Test(arguments: [
        ("echo", "accepted", 1), ("throws", "rejected CUSTOM_DELIVERY_FAILURE", 3),
        ("missing", "rejected CONFIGURATION", 1),
    ])
    func `a function's answer, with botocore's signature of the call`(name: String, outcome: String, calls: Int)
        async throws
    {
        let fixture = try await CustomFixture(lambda: true)
        try await fixture.delivery.start(fixture.plan(name, data: "x"), endpoints: 3)
        try await fixture.delivery.drain(fixture.delivery.delivery(try fixture.channel()))
        #expect(try await fixture.outcomes() == [outcome: 3])
        let made = try fixture.functionCalls()
        #expect(made.count == calls)
        let body = try JSON.parse(made.first?["body"]?.string ?? "")
        #expect(body["Data"] == "x" && body["Endpoints"]?.object?.count == 3)
        #expect(made.first?["headers"]?["X-Amz-Invocation-Type"] == "RequestResponse")
    }

    @Test func `without a key for AWS a function cannot be called`() async throws {
        let fixture = try await CustomFixture()
        try await fixture.delivery.start(fixture.plan("echo"), endpoints: 1)
        try await fixture.delivery.drain(fixture.delivery.delivery(try fixture.channel()))
        #expect(try await fixture.outcomes() == ["rejected CONFIGURATION": 1])
    }
}
