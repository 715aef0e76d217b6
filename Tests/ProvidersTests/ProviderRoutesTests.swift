import Core
import EventLoop
import HTTPClient
import Providers
import Testing

@Suite struct ProviderRoutesTests {
    /// Counts what it is given, and answers as told.
    private final class Peer: Sendable {
        let tokens = Lock<[String]>([])
        private let answer: @Sendable (OutgoingSMS) -> SendOutcome

        init(_ answer: @escaping @Sendable (OutgoingSMS) -> SendOutcome) {
            self.answer = answer
        }

        func route(_ name: String, rank: Int = 1, weight: Int = 100, breaker: CircuitBreaker = CircuitBreaker())
            -> ProviderRoute<OutgoingSMS>
        {
            let provider = Provider<OutgoingSMS>(name: name) { messages, _ in
                self.tokens.withLock { $0 += messages.map(\.token) }
                return messages.map(self.answer)
            }
            return ProviderRoute(provider, rank: rank, weight: weight, breaker: breaker)
        }

        var count: Int { tokens.withLock(\.count) }
    }

    private static let taken: @Sendable (OutgoingSMS) -> SendOutcome = { .accepted(providerReference: $0.token) }

    private func messages(_ count: Int) -> [OutgoingSMS] {
        (0..<count).map { OutgoingSMS(to: "+1555000\($0)", from: nil, body: "x", token: "token-\($0)") }
    }

    @Test func `routes of one rank share by weight, the same message always by the same`() async {
        let (big, small, never) = (Peer(Self.taken), Peer(Self.taken), Peer(Self.taken))
        let provider = Provider.routed([
            big.route("big", weight: 300), small.route("small", weight: 100), never.route("never", weight: 0),
        ])
        for _ in 0..<2 { _ = await provider.deliver(messages(4000)) }
        #expect(big.count + small.count == 8000)
        #expect((1850...2150).contains(small.count), "a quarter: \(small.count)")
        #expect(never.count == 0)
        let (first, again) = small.tokens.withLock { (Set($0.prefix($0.count / 2)), Set($0.suffix($0.count / 2))) }
        #expect(first == again)
    }

    @Test(arguments: [
        SendOutcome.notSent(.connection, detail: "x"), .notSent(.authentication, detail: "x"),
        .retry(after: .seconds(1), isThrottle: true, detail: "x"),
    ])
    func `what was provably not taken goes to the next rank`(outcome: SendOutcome) async {
        let (first, second) = (Peer { _ in outcome }, Peer(Self.taken))
        let provider = Provider.routed([second.route("second", rank: 2), first.route("first")])
        let outcomes = await provider.deliver(messages(10))
        #expect(outcomes == messages(10).map(Self.taken))
        #expect(first.count == 10 && second.count == 10)
    }

    @Test(arguments: [
        SendOutcome.unknown(detail: "x"), .rejected(.content, detail: "x", isAddressDead: false),
        .rejected(.address, detail: "x", isAddressDead: true), .retry(after: .zero, isThrottle: false, detail: "x"),
        .notSent(.deadline, detail: "x"), .notSent(.cancelled, detail: "x"),
    ])
    func `what may have been taken, was refused, or had no time never goes elsewhere`(outcome: SendOutcome) async {
        let (first, second) = (Peer { _ in outcome }, Peer(Self.taken))
        let outcomes = await Provider.routed([first.route("first"), second.route("second", rank: 2)]).deliver(
            messages(3))
        #expect(outcomes == [outcome, outcome, outcome])
        #expect(second.count == 0)
    }

    @Test func `a provider that fails rests, and its share goes elsewhere meanwhile`() async {
        let (broken, other) = (Peer { _ in .notSent(.connection, detail: "x") }, Peer(Self.taken))
        let breaker = CircuitBreaker(CircuitBreaker.Terms(opensAfter: 2, firstPause: .seconds(60)))
        let provider = Provider.routed([broken.route("broken", breaker: breaker), other.route("other", rank: 2)])
        for _ in 0..<5 { #expect(await provider.deliver(messages(4)) == messages(4).map(Self.taken)) }
        #expect(broken.count == 8, "two windows, then rest")
        #expect(other.count == 20)
    }

    @Test func `with every provider resting, nothing was sent and everything waits`() async {
        let broken = Peer { _ in .notSent(.authentication, detail: "x") }
        let breaker = CircuitBreaker(CircuitBreaker.Terms(opensAfter: 1, firstPause: .seconds(60)))
        let provider = Provider.routed([broken.route("only", breaker: breaker)])
        #expect(await provider.deliver(messages(1)) == [.notSent(.authentication, detail: "x")])
        guard case .notSent(.connection, _) = await provider.deliver(messages(1))[0] else {
            Issue.record("a resting provider takes nothing")
            return
        }
        #expect(broken.count == 1)
    }
}
