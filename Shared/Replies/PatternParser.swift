/// Parts of a pattern.
indirect enum PatternTree {
    case empty
    case one(ScalarSet)
    case sequence([PatternTree])
    case either([PatternTree])
    /// `most` nil: without end.
    case repeated(PatternTree, least: Int, most: Int?)
}

/// Reads a pattern's text.
struct PatternParser {
    private let scalars: [UInt32]
    private var place = 0

    init(_ source: String) {
        scalars = source.unicodeScalars.map(\.value)
    }

    mutating func parse() throws(ReplyPattern.Fault) -> PatternTree {
        let tree = try alternatives(depth: 0)
        if place < scalars.count { throw fault("\")\" closes nothing") }
        return tree
    }

    private func fault(_ message: String) -> ReplyPattern.Fault {
        ReplyPattern.Fault(place: place, message: message)
    }

    private var next: Character? {
        guard place < scalars.count, let scalar = Unicode.Scalar(scalars[place]) else { return nil }
        return Character(scalar)
    }

    private mutating func alternatives(depth: Int) throws(ReplyPattern.Fault) -> PatternTree {
        guard depth <= ReplyPattern.groupDepth else {
            throw fault("groups stand at most \(ReplyPattern.groupDepth) deep")
        }
        var parts = [try sequence(depth: depth)]
        while next == "|" {
            place += 1
            parts.append(try sequence(depth: depth))
        }
        return parts.count == 1 ? parts[0] : .either(parts)
    }

    private mutating func sequence(depth: Int) throws(ReplyPattern.Fault) -> PatternTree {
        var parts: [PatternTree] = []
        while let character = next, character != "|", character != ")" {
            parts.append(try repeated(try atom(character, depth: depth)))
        }
        return parts.isEmpty ? .empty : .sequence(parts)
    }

    private mutating func atom(_ character: Character, depth: Int) throws(ReplyPattern.Fault) -> PatternTree {
        switch character {
        case "(":
            place += 1
            let group = try alternatives(depth: depth + 1)
            guard next == ")" else { throw fault("\")\" is missing") }
            place += 1
            return group
        case "[": return .one(try characterClass())
        case ".":
            place += 1
            return .one(.any)
        case "\\":
            place += 1
            return .one(try escape())
        case "?", "*", "+": throw fault("\"\(character)\" repeats nothing")
        case _:
            let literal = scalars[place]
            place += 1
            return .one(Self.literal(literal))
        }
    }

    /// A letter as the message has it, which is in lower case.
    private static func literal(_ value: UInt32) -> ScalarSet {
        let lowered = Unicode.Scalar(value).map { ReplyPattern.lowered(String($0)) } ?? []
        let folded = lowered.count == 1 ? lowered[0] : value
        return ScalarSet(ranges: [folded...folded])
    }

    private mutating func escape() throws(ReplyPattern.Fault) -> ScalarSet {
        guard let character = next else { throw fault("\"\\\" stands at the end") }
        defer { place += 1 }
        switch character {
        case "d": return .digits
        case "w": return .words
        case "s": return .spaces
        case _ where character.isLetter || character.isNumber:
            throw fault("\"\\\(character)\" is not known; \\d, \\w and \\s are")
        case _: return ScalarSet(ranges: [scalars[place]...scalars[place]])
        }
    }

    private mutating func characterClass() throws(ReplyPattern.Fault) -> ScalarSet {
        place += 1
        var set = ScalarSet(ranges: [])
        if next == "^" {
            set.isInverted = true
            place += 1
        }
        while let character = next, character != "]" {
            if character == "\\" {
                place += 1
                set.ranges += try escape().ranges
                continue
            }
            let first = Self.literal(scalars[place]).ranges[0].lowerBound
            place += 1
            guard next == "-", place + 1 < scalars.count, scalars[place + 1] != 0x5D else {
                set.ranges.append(first...first)
                continue
            }
            place += 1
            let last = Self.literal(scalars[place]).ranges[0].lowerBound
            guard first <= last else { throw fault("the range ends before it begins") }
            set.ranges.append(first...last)
            place += 1
        }
        guard next == "]" else { throw fault("\"]\" is missing") }
        guard !set.ranges.isEmpty else { throw fault("a class needs characters") }
        place += 1
        return set
    }

    private mutating func repeated(_ tree: PatternTree) throws(ReplyPattern.Fault) -> PatternTree {
        let result: PatternTree
        switch next {
        case "?": result = .repeated(tree, least: 0, most: 1)
        case "*": result = .repeated(tree, least: 0, most: nil)
        case "+": result = .repeated(tree, least: 1, most: nil)
        case "{": return try counted(tree)
        case _: return tree
        }
        place += 1
        try refuseSecond()
        return result
    }

    /// `{n}` and `{n,m}`
    private mutating func counted(_ tree: PatternTree) throws(ReplyPattern.Fault) -> PatternTree {
        place += 1
        let least = try number()
        var most = least
        if next == "," {
            place += 1
            most = try number()
        }
        guard next == "}", least <= most, most <= ReplyPattern.repetitions else {
            throw fault("{n} or {n,m} with at most \(ReplyPattern.repetitions) expected")
        }
        place += 1
        try refuseSecond()
        return .repeated(tree, least: least, most: most)
    }

    private mutating func number() throws(ReplyPattern.Fault) -> Int {
        var value = 0
        let start = place
        while place < scalars.count, (0x30...0x39).contains(scalars[place]), place - start < 3 {
            value = value * 10 + Int(scalars[place] - 0x30)
            place += 1
        }
        guard place > start else { throw fault("a number is expected") }
        return value
    }

    private func refuseSecond() throws(ReplyPattern.Fault) {
        guard let next, "?*+{".contains(next) else { return }
        throw fault("a repetition cannot be repeated; use a group")
    }
}
