import Columns
import Core
import Segments
import Testing

/// The index and the plain evaluator are two readings of one definition, whatever happened to the index before.
@Suite struct ColumnAgreementTests {
    @Test func `the index agrees with the evaluator after random changes`() throws {
        var world = ColumnWorld(seed: 20_260_103)
        var pairs = 0
        var members = 0
        for _ in 0..<60 {
            for _ in 0..<3 { world.change() }
            for _ in 0..<6 {
                let expression = world.generator.expression(levels: 3)
                members += try world.check(expression)
                pairs += world.people.count
            }
        }
        #expect(pairs > 40_000)
        // Neither everybody nor nobody: the vocabulary makes both answers common.
        #expect(members > pairs / 6 && members < pairs * 5 / 6)
    }

    @Test func `each condition alone agrees, and agrees negated`() throws {
        var world = ColumnWorld(seed: 4)
        for _ in 0..<12 { world.change() }
        for _ in 0..<400 {
            let condition = SegmentExpression.condition(world.generator.condition())
            _ = try world.check(condition)
            _ = try world.check(.combination(.none, [condition]))
        }
    }

    @Test func `a copy keeps what it was when the original changes`() throws {
        var world = ColumnWorld(seed: 5)
        for _ in 0..<8 { world.change() }
        let copy = world
        for _ in 0..<20 { world.change() }
        for _ in 0..<30 { _ = try copy.check(world.generator.expression(levels: 2)) }
    }
}

/// An index and the people it should hold.
struct ColumnWorld {
    var generator: ColumnGenerator
    var index = ColumnIndex(eventsFrom: ColumnGenerator.eventsFrom)
    var people: [Int64: Person] = [:]

    init(seed: UInt64) {
        generator = ColumnGenerator(seed: seed)
    }

    private mutating func keys() -> [Int64] {
        (0..<1 + generator.below(60)).map { _ in Int64(generator.below(400)) - 200 }
    }

    mutating func change() {
        switch generator.below(12) {
        case 0...4: upsert()
        case 5: remove()
        case 6: index.shrinkToFit()
        case _: replaceEvents()
        }
    }

    private mutating func upsert() {
        var rows: [ColumnRow] = []
        for key in keys() {
            let person = generator.person(key: key, events: people[key]?.subject.events ?? [])
            people[key] = person
            rows.append(person.row)
        }
        index.upsert(rows)
    }

    private mutating func remove() {
        let keys = keys()
        for key in keys { people[key] = nil }
        index.remove(keys)
    }

    private mutating func replaceEvents() {
        let keys = keys()
        let (a, b) = (generator.moment(), generator.moment())
        let (from, to) = generator.chance(20) ? (ColumnGenerator.eventsFrom, b) : (min(a, b), max(a, b))
        var events: [ColumnEvent] = []
        for key in keys + [1000] {
            for _ in 0..<generator.below(6) {
                let event = generator.event()
                events.append(ColumnEvent(key: key, type: event.type, at: event.at))
            }
        }
        index.replaceEvents(of: keys, from: from, to: to, with: events)
        for key in Set(keys) {
            guard var person = people[key] else { continue }
            person.subject.events.removeAll { from <= $0.at && $0.at < to }
            person.subject.events += events.filter { $0.key == key && from <= $0.at && $0.at < to }
                .map { SegmentEvent(type: $0.type, at: $0.at) }
            people[key] = person
        }
    }

    /// Compares all three questions; returns the number of members.
    func check(_ expression: SegmentExpression, sourceLocation: SourceLocation = #_sourceLocation) throws -> Int {
        let now = ColumnGenerator.now
        let members = people.keys.sorted().filter { key in
            people[key].map { SegmentEvaluator.matches(expression, $0.subject, now: now) } ?? false
        }
        let keys = try #require(index.keys(expression, now: now), "\(expression)", sourceLocation: sourceLocation)
        #expect(keys == members, "\(expression)", sourceLocation: sourceLocation)
        let asked = Array(people.keys.prefix(50)) + [100_000]
        let isMember = index.members(expression, among: asked, now: now)
        #expect(isMember == asked.map(Set(members).contains), "\(expression)", sourceLocation: sourceLocation)
        let estimate = index.estimate(expression, now: now)
        #expect(estimate == self.estimate(of: members), "\(expression)", sourceLocation: sourceLocation)
        return members.count
    }

    private func estimate(of members: [Int64]) -> ColumnEstimate {
        var estimate = ColumnEstimate(count: members.count, sampleKeys: Array(members.prefix(10)))
        var seen: Set<String> = []
        for key in members {
            guard let person = people[key] else { continue }
            let channel = person.subject.channelType
            var isReached = person.isReachable
            if isReached, let twin = person.twin { isReached = seen.insert("\(channel ?? "") \(twin)").inserted }
            estimate.reachable += isReached ? 1 : 0
            guard let channel else { continue }
            estimate.byChannel[channel, default: .init()].count += 1
            estimate.byChannel[channel, default: .init()].reachable += isReached ? 1 : 0
        }
        return estimate
    }
}
