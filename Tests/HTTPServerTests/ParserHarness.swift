@testable import HTTPServer

/// What a parser made of some input: the requests in order, and the fault that ended it.
struct ParseOutcome: Equatable {
    struct Request: Equatable {
        var method: String
        var target: String
        var fields: [String]
        var body: [UInt8]
        var keepsAlive: Bool
        var isHTTP10: Bool
    }

    var requests: [Request] = []
    var fault: HTTPParseFault?
    /// Whether the input ended inside a request.
    var isPartial = false
    var largestBody = 0
}

func httpConfiguration(_ change: (inout HTTPServerConfiguration) -> Void = { _ in }) -> HTTPServerConfiguration {
    var configuration = HTTPServerConfiguration()
    change(&configuration)
    return configuration
}

/// Feeds `pieces` one after the other, as reads from a socket would.
func parse(
    _ pieces: [[UInt8]],
    bodyLimit: Int = 1000,
    configuration: HTTPServerConfiguration = httpConfiguration()
) -> ParseOutcome {
    var parser = HTTPParser(configuration: configuration, remoteAddress: "test")
    var outcome = ParseOutcome()
    do {
        for piece in pieces {
            var position = 0
            while position < piece.count {
                let before = position
                switch try parser.parse(piece.span, &position) {
                case .needsInput: if position < piece.count, position == before { return outcome }
                case .head: try parser.acceptBody(limit: bodyLimit)
                case .request(let parsed):
                    outcome.requests.append(ParseOutcome.Request(parsed))
                    outcome.largestBody = max(outcome.largestBody, parsed.request.body.count)
                }
                outcome.largestBody = max(outcome.largestBody, parser.bodyCount)
            }
        }
    } catch {
        outcome.fault = error
    }
    outcome.isPartial = outcome.fault == nil && !parser.isBetweenRequests
    return outcome
}

extension ParseOutcome.Request {
    init(_ parsed: ParsedRequest) {
        self.init(
            method: parsed.request.method,
            target: parsed.request.target,
            fields: parsed.request.headers.all.map { "\($0.name)=\($0.value)" },
            body: parsed.request.body,
            keepsAlive: parsed.keepsAlive,
            isHTTP10: parsed.isHTTP10
        )
    }
}

/// A splittable, seeded generator (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ word >> 30) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ word >> 27) &* 0x94D0_49BB_1331_11EB
        return word ^ word >> 31
    }
}
