/// Builds a pattern's states, from its end to its beginning.
struct PatternProgram {
    private(set) var states: [ReplyPattern.State] = []

    /// The place to start at.
    mutating func build(_ tree: PatternTree) throws(ReplyPattern.Fault) -> Int {
        let end = try add(.match)
        return try build(tree, before: end)
    }

    private mutating func add(_ state: ReplyPattern.State) throws(ReplyPattern.Fault) -> Int {
        guard states.count < ReplyPattern.stateLimit else {
            throw ReplyPattern.Fault(place: 0, message: "has too many repetitions")
        }
        states.append(state)
        return states.count - 1
    }

    private mutating func build(_ tree: PatternTree, before next: Int) throws(ReplyPattern.Fault) -> Int {
        switch tree {
        case .empty: return next
        case .one(let set): return try add(.one(set, next: next))
        case .sequence(let parts):
            var place = next
            for part in parts.reversed() { place = try build(part, before: place) }
            return place
        case .either(let parts):
            var place = try build(parts[parts.count - 1], before: next)
            for part in parts.dropLast().reversed() {
                let other = try build(part, before: next)
                place = try add(.either(other, place))
            }
            return place
        case .repeated(let part, let least, let most): return try build(part, least, most, before: next)
        }
    }

    private mutating func build(
        _ part: PatternTree, _ least: Int, _ most: Int?, before next: Int
    ) throws(ReplyPattern.Fault) -> Int {
        var place = next
        if let most {
            for _ in 0..<(most - least) {
                let once = try build(part, before: place)
                place = try add(.either(once, next))
            }
        } else {
            // The loop's own place is known only once its body is built.
            let loop = try add(.either(next, next))
            let body = try build(part, before: loop)
            states[loop] = .either(body, next)
            place = loop
        }
        for _ in 0..<least { place = try build(part, before: place) }
        return place
    }
}
