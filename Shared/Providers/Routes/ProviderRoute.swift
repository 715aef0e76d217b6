package import HTTPClient

/// One way of a channel's messages out of here.
package struct ProviderRoute<Message: OutgoingMessage>: Sendable {
    package let provider: Provider<Message>
    /// Lower ranks are tried first.
    package let rank: Int
    /// Share among routes of the same rank, 0–1000.
    package let weight: Int
    package let breaker: CircuitBreaker

    package init(_ provider: Provider<Message>, rank: Int = 1, weight: Int = 100, breaker: CircuitBreaker) {
        self.provider = provider
        self.rank = rank
        self.weight = weight
        self.breaker = breaker
    }
}
