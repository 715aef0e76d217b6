import Core
import Crypto
import EventLoop
import Model
import Providers
import Queue
import TestKit
import Testing

@testable import Delivery

/// Where bounces and answers to a message go.
@Suite struct EmailAddressingTests {
    private let masterKey: MasterKey
    private static let cause = SendCause(
        run: RunID(high: 2, low: 2), runDay: Instant(seconds: 0).day, chunk: 7, treatment: 0)

    init() throws {
        masterKey = try MasterKey(bytes: [UInt8](repeating: 7, count: 32))
    }

    private func composed(_ content: RunPlan.EmailContent, to address: String = "a@b.test") async throws
        -> OutgoingEmail
    {
        let taken = Lock<[OutgoingEmail]>([])
        let provider = EmailProvider(name: "test") { messages, _ in
            taken.withLock { $0 += messages }
            return messages.map { _ in .accepted(providerReference: "") }
        }
        let channel = EmailChannel(
            provider: { _ in provider }, masterKey: masterKey, publicURL: "https://n.example.com",
            environment: TestEnvironment.make())
        let plan = RunPlan(
            account: "000000000000", app: AppID(high: 1, low: 1), campaign: CampaignID(high: 3, low: 3),
            campaignVersion: 1, campaignName: "test", run: Self.cause.run, runDay: Self.cause.runDay,
            scheduledAt: Instant(seconds: 0), expiresAt: Instant(seconds: 60), deliveryPolicy: .atMostOnce,
            holdoutPercent: 0, treatments: [.init(name: nil, sizePercent: 100, email: content)])
        // As it comes back from the run's row.
        let recipient = Recipient(
            key: 99, endpointID: "e", channelType: "EMAIL", address: address, optOut: "NONE", status: "ACTIVE",
            cohort: 0, userID: nil, effectiveAt: Instant(seconds: 0), createdAt: Instant(seconds: 0))
        let frozen = try RunPlan(json: plan.json)
        #expect(frozen == plan)
        let outcomes = try await channel.prepare(frozen).deliver(
            [Send(recipient: recipient, cause: Self.cause, ordinal: 41, attempt: 0)], startBefore: .max)
        #expect(outcomes == [.accepted(providerReference: "")])
        return try #require(taken.withLock { $0 }.first)
    }

    private func headers(_ email: OutgoingEmail) -> [String: String] {
        var headers: [String: String] = [:]
        let text = String(decoding: email.content, as: UTF8.self).replacing("\r\n ", with: " ")
        for line in text.split(separator: "\r\n", omittingEmptySubsequences: false).prefix(while: { !$0.isEmpty }) {
            let pair = line.split(separator: ":", maxSplits: 1)
            headers[String(pair[0])] = pair.count == 2 ? String(pair[1].dropFirst()) : ""
        }
        return headers
    }

    @Test func `with domains of its own a message has addresses of its own, that say which send it was`() async throws {
        let email = try await composed(
            RunPlan.EmailContent(
                from: "Shop <shop@example.com>", subject: "s", html: "<p>x</p>", text: "x",
                bounceDomain: "bounce.example.com", replyDomain: "reply.example.com"))
        let send = SendReference(
            run: Self.cause.run, chunk: 7, ordinal: 41, endpointKey: 99, treatment: 0)
        #expect(SendReferences(masterKey: masterKey).verify(email.token) == send)
        #expect(email.sender == "b+\(email.token)@bounce.example.com")
        #expect(EmailAddress(email.sender) != nil)
        let fields = headers(email)
        #expect(fields["Reply-To"] == "r+\(email.token)@reply.example.com")
        #expect(fields["Message-ID"] == "<\(email.token)@example.com>")
        #expect(fields["X-Needletail-Reference"] == email.token)
        #expect(
            fields["List-Unsubscribe"]?.hasSuffix("<mailto:u+\(email.token)@reply.example.com?subject=unsubscribe>")
                == true)
        #expect(fields["Feedback-ID"]?.split(separator: ":").count == 4)
        #expect(email.parts.replyTo.map(\.address.rawValue) == ["r+\(email.token)@reply.example.com"])
        #expect(email.parts.html.map { String(decoding: $0, as: UTF8.self) }?.contains("/t/o/") == true)
        #expect(email.extraHeaders.map(\.name).contains("List-Unsubscribe-Post"))
    }

    @Test func `without them the sender gets both, and an author's Reply-To stays`() async throws {
        let plain = try await composed(
            RunPlan.EmailContent(from: "shop@example.com", subject: "s", html: nil, text: "x"))
        #expect(plain.sender == "shop@example.com" && plain.parts.replyTo.isEmpty)
        #expect(headers(plain)["Reply-To"] == nil && headers(plain)["List-Unsubscribe"]?.contains("mailto:") == false)
        let own = try await composed(
            RunPlan.EmailContent(
                from: "shop@example.com", replyTo: ["desk@example.com"], subject: "s", html: nil, text: "x",
                replyDomain: "reply.example.com"))
        #expect(headers(own)["Reply-To"] == "desk@example.com")
        #expect(own.parts.replyTo.map(\.address.rawValue) == ["desk@example.com"])
    }

    @Test func `the longest reference there is still fits an address`() {
        let longest = SendReferences(masterKey: masterKey).mint(
            SendReference(run: Self.cause.run, chunk: .max, ordinal: 499, endpointKey: .min, treatment: 4))
        #expect(EmailAddress("b+\(longest)@bounce.example.com") != nil)
    }
}
