import Core
import Delivery
import HTTPClient
import Model
import Providers
import Queue
import Runtime
import TestKit
import Testing

/// One way of a provider to answer, and what has to become of the message. See README.md beside this file.
struct OutcomeCase: Sendable, CustomTestStringConvertible {
    enum Expected: Sendable, Equatable {
        /// With the provider's own name for the message.
        case accepted(String)
        /// Not counted as an attempt; seconds.
        case throttled(Int64)
        case transient
        /// Rejected, and the address suppressed.
        case deadAddress
        case rejected(RejectionClass)
        /// Nothing is booked; the channel waits for its operator.
        case authentication
        case unknown
    }

    let name: String
    let answer: ScriptedHTTP.Answer
    let expected: Expected

    init(_ name: String, _ answer: ScriptedHTTP.Answer, _ expected: Expected) {
        self.name = name
        self.answer = answer
        self.expected = expected
    }

    var testDescription: String { name }

    /// The same for everybody: the request is read and no answer comes.
    static let lost: [OutcomeCase] = [
        OutcomeCase("hangs up after the request was written", .hangUp, .unknown),
        OutcomeCase("says nothing until the time is over", .silence, .unknown),
    ]
}

/// Sends one message to a provider that answers as the case says, and looks at the outcome and at what the delivery worker made of
/// it: the ledger, the job that is left, the address.
enum ProviderOutcomes {
    /// `setup`: with `Url` set to where the scripted provider is, and `TimeoutSeconds` to 1.
    static func check<Message: OutgoingMessage>(
        _ scenario: OutcomeCase, kind: String, channelType: String, address: String, settings: JSONObject = [:],
        secrets: JSONObject = [:], channel: JSONObject = [:],
        maker: @Sendable (ProviderKind) -> ProviderKind.Maker<Message>?, message: @escaping @Sendable (Send) -> Message,
        answer: (@Sendable (ScriptedHTTP.Call) -> ScriptedHTTP.Answer)? = nil,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let server = try ScriptedHTTP.start(answer ?? { _ in scenario.answer })
        let tools = try tools()
        var settings = settings
        settings["Url"] = .string(server.url)
        settings["TimeoutSeconds"] = "1"
        let stored = StoredProvider(
            id: ProviderID(high: 5, low: 5), name: "tested", kind: kind, settings: settings, secrets: secrets)
        let found = try #require(ProviderKinds.named(kind), sourceLocation: sourceLocation)
        let make = try #require(maker(found), sourceLocation: sourceLocation)
        let setup = ProviderSetup(
            app: AppID(high: 1, low: 1), channelType: channelType, provider: stored, channel: channel,
            publicURL: "https://n.example.com")
        let provider = try make(setup, tools)
        let ledger = try await LedgerFixture(channelType, address: address)
        let outcomes = Recorder()
        let recorded = Provider<Message>(name: provider.name) { messages, startBefore in
            await outcomes.note(provider.deliver(messages, startBefore: startBefore))
        }
        try await ledger.deliver(by: BareChannel(queue: ledger.queue, provider: recorded, message: message))
        let isPush = ledger.queue == .push
        #expect(await outcomes.all.count == 1, sourceLocation: sourceLocation)
        let outcome = try #require(await outcomes.all.first, sourceLocation: sourceLocation)
        #expect(scenario.expected.matches(outcome), "\(outcome)", sourceLocation: sourceLocation)
        let books = try await ledger.books()
        #expect(
            scenario.expected.matches(books, deadReason: isPush ? "DEAD_TOKEN" : "HARD_BOUNCE"), "\(books)",
            sourceLocation: sourceLocation)
        #expect(try await ledger.violations().isEmpty, sourceLocation: sourceLocation)
        tools.client.close()
        _ = server.calls
    }

    static func tools() throws -> ProviderTools {
        let test = try TestDatabase.current
        let client = OutboundClient(
            rules: OutboundRules(allow: try #require(OutboundAllowList("127.0.0.1/32"))), environment: test.environment,
            metrics: test.metrics)
        return ProviderTools(
            client: client, database: test.database, environment: test.environment, metrics: test.metrics,
            publicURL: "https://n.example.com")
    }

    private actor Recorder {
        private(set) var all: [SendOutcome] = []

        func note(_ outcomes: [SendOutcome]) -> [SendOutcome] {
            all += outcomes
            return outcomes
        }
    }
}

extension OutcomeCase.Expected {
    func matches(_ outcome: SendOutcome) -> Bool {
        switch (self, outcome) {
        case (.accepted(let wanted), .accepted(let reference)): wanted == reference
        case (.throttled(let seconds), .retry(let after, true, _)): after == .seconds(seconds)
        case (.transient, .retry(_, false, _)): true
        case (.deadAddress, .rejected(.address, _, true)): true
        case (.rejected(let wanted), .rejected(let reason, _, false)): wanted == reason
        case (.authentication, .notSent(.authentication, _)): true
        case (.unknown, .unknown): true
        case (_, _): false
        }
    }

    /// `deadReason`: of suppressions of the channel's dead addresses.
    func matches(_ books: LedgerFixture.Books, deadReason: String) -> Bool {
        switch self {
        case .accepted(let reference):
            books == .init(state: 1, providerReference: reference)
        case .throttled(let seconds):
            books.state == nil && books.waits == seconds && books.retries == 0 && books.suppression == nil
        case .transient:
            books.state == nil && books.waits != nil && books.retries == 1 && books.suppression == nil
        case .deadAddress:
            books == .init(state: 2, reason: "ADDRESS", suppression: deadReason)
        case .rejected(let reason):
            books == .init(state: 2, reason: reason.rawValue, suppression: reason == .optedOut ? "STOP" : nil)
        case .authentication:
            books.state == nil && books.waits != nil && books.retries == 0 && books.suppression == nil
        case .unknown:
            books == .init(state: 5, reason: "NO_REPLY")
        }
    }
}
