import Columns
import Core
import Segments
import Testing

@Suite struct ColumnIndexTests {
    private let now = ColumnGenerator.now

    private func row(_ key: Int64, _ attributes: String = "{}", metrics: String = "{}") -> ColumnRow {
        ColumnRow(
            key: key, cohort: 0, channelType: "EMAIL", effectiveAt: now, isReachable: true,
            attributes: Array(attributes.utf8), metrics: Array(metrics.utf8)
        )
    }

    private func plan(_ value: String) -> SegmentExpression {
        .condition(.attribute(.endpoint, name: "plan", .inclusive([value])))
    }

    private func index(_ rows: [ColumnRow] = []) -> ColumnIndex {
        var index = ColumnIndex(eventsFrom: ColumnGenerator.eventsFrom)
        index.upsert(rows)
        return index
    }

    // MARK: Blocks

    @Test func `rows that come in any order are found in the order of their keys, and gone when removed`() throws {
        var index = index()
        // 20,000 rows make several blocks; steps of a prime scatter them, so that blocks split.
        let count = 20_011
        let keys = (0..<count).map { Int64($0 * 7919 % count) }
        for start in stride(from: 0, to: count, by: 3000) {
            index.upsert(keys[start..<min(start + 3000, count)].map { row($0, #"{"plan": ["p\#($0 % 300)"]}"#) })
        }
        #expect(index.footprint.rows == count)
        #expect(index.keys(.everyone, now: now) == (0..<Int64(count)).map { $0 })
        let expected = (0..<Int64(count)).filter { $0 % 300 == 299 }
        #expect(index.keys(plan("p299"), now: now) == expected)
        // All but every 50th go, so that blocks join.
        index.remove(keys.filter { $0 % 50 != 0 })
        #expect(index.keys(.everyone, now: now) == (0..<Int64(count)).filter { $0 % 50 == 0 })
        #expect(index.keys(plan("p250"), now: now) == expected.map { $0 - 49 }.filter { $0 % 50 == 0 })
        index.remove(keys)
        #expect(index.estimate(.everyone, now: now) == ColumnEstimate())
        #expect(index.footprint.rows == 0)
    }

    @Test func `events stay with their endpoints when blocks split and join`() throws {
        var index = index()
        let count: Int64 = 9001
        let even = (0..<count).filter { $0 % 2 == 0 }
        index.upsert(even.map { row($0) })
        let moments = even.map { ColumnEvent(key: $0, type: "t\($0 % 3)", at: now - .seconds($0 * 100)) }
        index.replaceEvents(of: even, from: now - .seconds(2_000_000), to: now + .seconds(1), with: moments)
        // Odd keys go between, and make every block split.
        index.upsert((0..<count).filter { $0 % 2 == 1 }.map { row($0) })
        func did(_ type: String) -> SegmentExpression {
            .condition(.behavior(BehaviorTest(event: EventTest(type: type), count: .exactly(1), days: 2)))
        }
        func expected(_ type: Int64) -> [Int64] { even.filter { $0 % 3 == type && $0 * 100 <= 172_800 } }
        #expect(index.keys(did("t1"), now: now) == expected(1))
        index.remove((0..<count).filter { $0 % 5 != 0 })
        #expect(index.keys(did("t1"), now: now) == expected(1).filter { $0 % 5 == 0 })
        #expect(index.keys(did("t2"), now: now) == expected(2).filter { $0 % 5 == 0 })
    }

    // MARK: Dictionaries

    @Test func `more values than codes decline a text column and make a number column raw`() throws {
        var index = index()
        let count = 66_000
        for start in stride(from: 0, to: count, by: 3000) {
            index.upsert(
                (start..<start + 3000).map {
                    row(Int64($0), #"{"id": ["v\#($0)"], "plan": ["pro"]}"#, metrics: #"{"n": \#($0).5}"#)
                }
            )
        }
        let isKnown = SegmentExpression.condition(.attribute(.endpoint, name: "id", .inclusive(["v7"])))
        #expect(index.keys(isKnown, now: now) == nil)
        #expect(index.estimate(.combination(.any, [isKnown, .everyone]), now: now) == nil)
        #expect(index.estimate(plan("pro"), now: now)?.count == count)
        let expected: [(Comparison, Int)] = [
            (.lessThan, 65_990), (.lessThanOrEqual, 65_991), (.greaterThan, 9), (.greaterThanOrEqual, 10), (.equal, 1),
        ]
        for (comparison, members) in expected {
            let test = SegmentExpression.condition(.metric(name: "n", comparison, 65_990.5))
            #expect(index.estimate(test, now: now)?.count == members, "\(comparison)")
        }
        // A row without the number, in a block that has it and in a new one.
        index.upsert([row(3, #"{"plan": ["free"]}"#), row(1_000_000)])
        let all = SegmentExpression.condition(.metric(name: "n", .greaterThan, -1))
        #expect(index.estimate(all, now: now)?.count == count - 1)
    }

    @Test func `values that nobody has any more make room for others`() throws {
        var index = index()
        for round in 0..<20 {
            index.upsert((0..<5000).map { row($0, #"{"plan": ["r\#(round)-\#($0)"]}"#) })
        }
        // 100,000 values in all, 5000 at a time.
        #expect(index.keys(plan("r19-4999"), now: now) == [4999])
        #expect(index.keys(plan("r18-4999"), now: now) == [])
        #expect(index.footprint.columnBytes < 5000 * 150)
    }

    @Test func `codes grow from one byte to two and back to none`() throws {
        var index = index((0..<200).map { row($0, #"{"plan": ["p\#($0)"]}"#) })
        index.upsert((200..<1000).map { row($0, #"{"plan": ["p\#($0)"]}"#) })
        #expect(index.keys(plan("p150"), now: now) == [150])
        #expect(index.keys(plan("p950"), now: now) == [950])
        #expect(index.keys(.condition(.attribute(.endpoint, name: "plan", .exclusive(["p5"]))), now: now)?.count == 999)
        let before = index.footprint.columnBytes
        index.upsert((0..<1000).map { row($0) })
        #expect(index.keys(plan("p150"), now: now) == [])
        #expect(index.footprint.columnBytes < before - 10_000)
    }

    @Test func `values are numbered anew when the index shrinks, whatever the width of their codes`() {
        let count: Int64 = 9000
        func number(_ key: Int64) -> Int64 { 200 - key % 200 }
        var index = index()
        index.upsert(
            (0..<count).map { key in
                row(key, #"{"plan": ["p\#(key % 700)"]}"#, metrics: #"{"n": \#(number(key))}"#)
            }
        )
        // Leaves numbers without rows behind.
        index.remove((0..<count).filter { $0 % 700 == 5 })
        index.shrinkToFit()
        index.upsert([row(5, #"{"plan": ["new"]}"#, metrics: #"{"n": 0.5}"#)])
        #expect(index.keys(plan("p650"), now: now) == (0..<count).filter { $0 % 700 == 650 })
        #expect(index.keys(plan("p5"), now: now) == [])
        #expect(index.keys(plan("new"), now: now) == [5])
        let isLow = SegmentExpression.condition(.metric(name: "n", .lessThan, 50))
        var expected: [Int64] = []
        for key in 0..<count {
            let isHeld: Bool = key % 700 != 5
            if key == 5 || (isHeld && number(key) < 50) { expected.append(key) }
        }
        #expect(index.keys(isLow, now: now) == expected)
    }

    @Test func `lists are sets`() {
        let lists = [#"{"plan": ["a", "b", "a"]}"#, #"{"plan": ["b", "a"]}"#, #"{"plan": []}"#]
        let index = index(lists.enumerated().map { row(Int64($0 + 1), $1) })
        #expect(index.keys(plan("a"), now: now) == [1, 2])
        #expect(index.keys(.condition(.attribute(.endpoint, name: "plan", .exclusive(["b"]))), now: now) == [3])
    }

    @Test func `names beyond the limit are declined, absent ones are not`() {
        var index = index()
        index.upsert((0..<1000).map { row($0, #"{"n\#($0)": ["x"]}"#) })
        func named(_ name: String) -> SegmentExpression {
            .condition(.attribute(.endpoint, name: name, .inclusive(["x"])))
        }
        #expect(index.keys(named("absent"), now: now) == [])
        index.upsert([row(1000, #"{"n1000": ["x"]}"#)])
        #expect(index.keys(named("n1000"), now: now) == nil)
        #expect(index.keys(named("n999"), now: now) == [999])
    }

    // MARK: What is declined

    @Test(arguments: [
        #"{"plan": "pro"}"#, #"{"plan": [1]}"#, #"{"plan": {"pro": 1}}"#, #"{"plan": [["pro"]]}"#, #"{"plan": ["#,
    ])
    func `JSON that SQL might read otherwise declines until it is gone`(text: String) {
        var index = index([row(1, #"{"plan": ["pro"]}"#), row(2, text)])
        #expect(index.keys(plan("pro"), now: now) == nil)
        #expect(index.keys(.everyone, now: now) == [1, 2])
        index.upsert([row(2)])
        #expect(index.keys(plan("pro"), now: now) == [1])
        index.upsert([row(2, text)])
        index.remove([2])
        #expect(index.keys(plan("pro"), now: now) == [1])
    }

    @Test(arguments: [
        #"{"plan": null}"#, #"{"plan": 1}"#, #"{"plan": {}}"#, #"{"plan": [null]}"#, #"["plan"]"#, "null", "",
    ])
    func `JSON that is no list of texts is no value`(text: String) {
        let index = index([row(1, text)])
        #expect(index.keys(plan("pro"), now: now) == [])
        #expect(index.keys(.condition(.attribute(.endpoint, name: "plan", .exclusive(["pro"]))), now: now) == [1])
    }

    @Test func `what the index does not hold of events is declined`() {
        var index = index([row(1)])
        let view = ColumnEvent(key: 1, type: "view", at: now - .seconds(60))
        index.replaceEvents(of: [1], from: ColumnGenerator.eventsFrom, to: now, with: [view])
        func asks(_ event: EventTest, days: Int = 7, scope: EventScope = .endpoint) -> Bool {
            let test = BehaviorTest(event: event, count: .atLeast(1), days: days, scope: scope)
            return index.keys(.condition(.behavior(test)), now: now) != nil
        }
        #expect(asks(EventTest(type: "view")))
        #expect(asks(EventTest(), days: 366))
        #expect(!asks(EventTest(), scope: .user))
        let filter = EventAttributeTest(name: "a", test: .inclusive(["b"]))
        #expect(!asks(EventTest(type: "view", attributes: [filter])))
        let metric = EventMetricTest(name: "a", comparison: .equal, value: 1)
        #expect(!asks(EventTest(type: "view", metrics: [metric])))
        index.forgetEvents(before: now.windowStart(days: 7) + .seconds(1))
        #expect(!asks(EventTest(type: "view")))
        #expect(asks(EventTest(type: "view"), days: 6))
        let recency = SegmentExpression.condition(.recency(.days30, isActive: true))
        #expect(index.keys(recency, now: now) == nil)
    }

    @Test func `event types beyond the limit count together and are declined by name`() {
        var index = index([row(1), row(2)])
        let events = (0..<1001).map { ColumnEvent(key: 1, type: "t\($0)", at: now - .seconds(60)) }
        index.replaceEvents(of: [1], from: ColumnGenerator.eventsFrom, to: now, with: events)
        func count(_ type: String?, _ count: Int) -> [Int64]? {
            let test = BehaviorTest(event: EventTest(type: type), count: .exactly(count), days: 1)
            return index.keys(.condition(.behavior(test)), now: now)
        }
        #expect(count(nil, 1001) == [1])
        #expect(count("t5", 1) == [1])
        #expect(count("t1000", 1) == nil)
    }

    @Test func `times outside of 32 bits of seconds compare as what they are`() {
        var index = ColumnIndex(eventsFrom: Instant(seconds: -10_000_000_000))
        for (key, seconds) in [(1, -5_000_000_000), (2, 5_000_000_000)] as [(Int64, Int64)] {
            index.upsert([
                ColumnRow(key: key, cohort: 0, effectiveAt: Instant(seconds: seconds), isReachable: false)
            ])
        }
        let recency = SegmentExpression.condition(.recency(.days30, isActive: true))
        #expect(index.keys(recency, now: now) == [2])
        // The window's start itself is outside: no answer.
        #expect(index.keys(recency, now: Instant(seconds: 100)) == nil)
        #expect(index.keys(recency, now: Instant(seconds: 6_000_000_000)) == nil)
    }

    @Test func `forgetting events moves the horizon forwards only`() {
        var index = ColumnIndex(eventsFrom: Instant(seconds: 100))
        index.forgetEvents(before: Instant(seconds: 50))
        #expect(index.eventsFrom == Instant(seconds: 100))
        index.forgetEvents(before: Instant(seconds: 200))
        #expect(index.eventsFrom == Instant(seconds: 200))
    }

    // MARK: Size

    @Test func `twenty attributes of few values take less than 64 bytes an endpoint`() {
        var index = index()
        var generator = ColumnGenerator(seed: 8)
        let count = 40_960
        for start in stride(from: 0, to: count, by: 4096) {
            index.upsert(
                (start..<start + 4096).map { key in
                    let members = (0..<20).map { #""attribute\#($0)": ["v\#(generator.below($0 < 10 ? 200 : 300))"]"# }
                    return row(Int64(key), "{\(members.joined(separator: ", "))}")
                }
            )
        }
        index.shrinkToFit()
        #expect(index.footprint.columnBytes < count * 64)
        #expect(index.footprint.behaviorBytes < 1000)
    }
}
