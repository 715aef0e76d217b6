/// A pattern of a rule: literals, `.`, classes `[a-z]` `[^…]` `\d` `\w` `\s`, `?` `*` `+`, `{n}` `{n,m}`, `|` and groups. It has to match
/// the whole message, without the white space around it, in any case.
///
/// Never backtracks (Thompson, "Regular Expression Search Algorithm", CACM 11(6), 1968): all ways to read the message are followed
/// at once, so that a message costs its length times the pattern's states, whatever either is.
package struct ReplyPattern: Sendable, Equatable {
    /// Why a text is no pattern, and at which character.
    package struct Fault: Error, Equatable, CustomStringConvertible {
        package let place: Int
        package let message: String

        package var description: String { "\(message) (character \(place + 1))" }
    }

    package static let characters = 200
    /// After repetitions are written out.
    static let stateLimit = 2000
    static let groupDepth = 10
    static let repetitions = 100
    /// A longer message matches nothing.
    static let messageScalars = 10_000

    enum State: Sendable, Equatable {
        case one(ScalarSet, next: Int)
        case either(Int, Int)
        case match
    }

    let source: String
    let states: [State]
    let start: Int

    package init(_ source: String) throws(Fault) {
        let count = source.unicodeScalars.count
        guard (1...Self.characters).contains(count) else {
            throw Fault(place: 0, message: "must have 1 to \(Self.characters) characters; got \(count)")
        }
        var parser = PatternParser(source)
        let tree = try parser.parse()
        var program = PatternProgram()
        start = try program.build(tree)
        states = program.states
        self.source = source
    }

    package func matches(_ message: String) -> Bool {
        let scalars = Self.lowered(Self.trimmed(message))
        guard scalars.count <= Self.messageScalars else { return false }
        var current = Following(states.count)
        var next = Following(states.count)
        follow(start, into: &current)
        for scalar in scalars {
            next.clear()
            for place in current.places {
                if case .one(let set, let following) = states[place], set.contains(scalar) {
                    follow(following, into: &next)
                }
            }
            if next.places.isEmpty { return false }
            swap(&current, &next)
        }
        return current.places.contains { states[$0] == .match }
    }

    /// States that the message so far may have led to, each once.
    private struct Following {
        var places: [Int] = []
        var has: [Bool]

        init(_ count: Int) {
            has = [Bool](repeating: false, count: count)
        }

        mutating func clear() {
            for place in places { has[place] = false }
            places.removeAll(keepingCapacity: true)
        }
    }

    private func follow(_ place: Int, into following: inout Following) {
        var open = [place]
        while let place = open.popLast() {
            guard !following.has[place] else { continue }
            following.has[place] = true
            following.places.append(place)
            if case .either(let first, let second) = states[place] { open += [second, first] }
        }
    }

    private static func trimmed(_ text: String) -> Substring {
        var rest = text[...]
        while rest.first?.isWhitespace == true { rest.removeFirst() }
        while rest.last?.isWhitespace == true { rest.removeLast() }
        return rest
    }

    static func lowered(_ text: some StringProtocol) -> [UInt32] {
        text.unicodeScalars.flatMap { scalar -> [UInt32] in
            if scalar.value < 0x80 {
                return [(0x41...0x5A).contains(scalar.value) ? scalar.value + 0x20 : scalar.value]
            }
            return scalar.properties.lowercaseMapping.unicodeScalars.map(\.value)
        }
    }
}

/// Characters that one place of a pattern takes.
struct ScalarSet: Sendable, Equatable {
    var ranges: [ClosedRange<UInt32>]
    var isInverted = false

    static let any = ScalarSet(ranges: [], isInverted: true)
    static let digits = ScalarSet(ranges: [0x30...0x39])
    static let spaces = ScalarSet(ranges: [0x09...0x0D, 0x20...0x20, 0xA0...0xA0, 0x3000...0x3000])
    /// Letters of all scripts are words here: everything that is neither space nor punctuation of ASCII.
    static let words = ScalarSet(ranges: [
        0x30...0x39, 0x5F...0x5F, 0x61...0x7A, 0xAA...0xAA, 0xC0...0x1FFF, 0x2C00...0x2FFF, 0x3040...0xD7FF,
        0xF900...0xFDFF, 0x20000...0x3134F,
    ])

    func contains(_ value: UInt32) -> Bool {
        ranges.contains { $0.contains(value) } != isInverted
    }
}
