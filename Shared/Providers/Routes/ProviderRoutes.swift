import EventLoop
import HTTPClient

extension Provider {
    /// Several providers as one: the routes of the lowest rank share the messages by weight; what a provider provably did not take
    /// (`SendOutcome.isProvenNotSent`) goes on to the next route, until one takes it or refuses it. What may have been taken never does.
    ///
    /// A provider that cannot be reached or refuses our credentials opens its breaker, and its share goes to the others meanwhile.
    package static func routed(_ routes: [ProviderRoute<Message>]) -> Provider {
        let sorted = routes.sorted { $0.rank < $1.rank }
        return Provider(name: sorted.map(\.provider.name).joined(separator: ",")) { messages, startBefore in
            var outcomes = [SendOutcome](
                repeating: .notSent(.connection, detail: "every provider of the channel is resting after failures"),
                count: messages.count)
            var open = Array(messages.indices)
            var tried = [Set<Int>](repeating: [], count: messages.count)
            for _ in sorted where !open.isEmpty {
                let batches = assign(open, of: messages, to: sorted, tried: tried)
                if batches.isEmpty { break }
                open = []
                for (route, places) in batches.sorted(by: { $0.key < $1.key }) {
                    let results = await sorted[route].deliver(places.map { messages[$0] }, startBefore: startBefore)
                    for (place, outcome) in zip(places, results) {
                        tried[place].insert(route)
                        outcomes[place] = outcome
                        if outcome.mayGoElsewhere { open.append(place) }
                    }
                }
            }
            return outcomes
        }
    }

    /// By route, the places of the messages that it is to take now.
    private static func assign(
        _ places: [Int], of messages: [Message], to routes: [ProviderRoute<Message>], tried: [Set<Int>]
    ) -> [Int: [Int]] {
        let now = MonotonicClock.now()
        var resting: [Int: Bool] = [:]
        func rests(_ route: Int) -> Bool {
            if let known = resting[route] { return known }
            let rests = routes[route].breaker.permission(at: now) != .go
            resting[route] = rests
            return rests
        }
        var batches: [Int: [Int]] = [:]
        for place in places {
            let left = routes.indices.filter { !tried[place].contains($0) && routes[$0].weight > 0 }
            guard let rank = left.first(where: { !rests($0) }).map({ routes[$0].rank }) else { continue }
            let candidates = left.filter { routes[$0].rank == rank && !rests($0) }
            batches[choose(candidates, of: routes, for: messages[place]), default: []].append(place)
        }
        // Who got permission and no message has to give it back.
        for (route, rests) in resting where !rests && batches[route] == nil { routes[route].breaker.abandoned() }
        return batches
    }

    /// The same route for the same message on every attempt, as long as the routes are the same.
    private static func choose(_ candidates: [Int], of routes: [ProviderRoute<Message>], for message: Message) -> Int {
        let total = candidates.reduce(0) { $0 + routes[$1].weight }
        var draw = Int(fingerprint(message.token) % UInt64(total))
        for route in candidates {
            draw -= routes[route].weight
            if draw < 0 { return route }
        }
        return candidates[candidates.count - 1]
    }

    /// FNV-1a with a final mix, because tokens of one window differ in few bytes.
    private static func fingerprint(_ text: String) -> UInt64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        hash ^= hash >> 33
        hash = hash &* 0xff51_afd7_ed55_8ccd
        return hash ^ hash >> 33
    }
}

extension ProviderRoute {
    func deliver(_ messages: [Message], startBefore: Int64?) async -> [SendOutcome] {
        let outcomes = await provider.deliver(messages, startBefore: startBefore)
        if outcomes.contains(where: \.isProviderTrouble) {
            breaker.failed(at: MonotonicClock.now())
        } else if outcomes.contains(where: { $0.isAnswer }) {
            breaker.succeeded()
        } else {
            breaker.abandoned()
        }
        return outcomes
    }
}

extension SendOutcome {
    /// Nothing of the message is with the provider, and another may be asked.
    package var mayGoElsewhere: Bool {
        switch self {
        case .notSent(let reason, _): reason == .connection || reason == .authentication
        case .retry(_, let isThrottle, _): isThrottle
        case .accepted, .rejected, .unknown: false
        }
    }

    var isProviderTrouble: Bool {
        if case .notSent(let reason, _) = self { return reason == .connection || reason == .authentication }
        return false
    }

    var isAnswer: Bool {
        switch self {
        case .accepted, .rejected, .retry: true
        case .unknown, .notSent: false
        }
    }
}
