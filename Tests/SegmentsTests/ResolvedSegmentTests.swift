import Core
import Segments
import Testing

@Suite struct ResolvedSegmentTests {
    private func id(_ number: UInt64) -> SegmentID { SegmentID(high: 7, low: number) }

    private func condition(_ name: String) -> SegmentExpression {
        .condition(.attribute(.endpoint, name: name, .inclusive(["v"])))
    }

    /// One group over `sources`, narrowed by `name`.
    private func over(
        _ sources: [SegmentDefinition.Source],
        _ type: Combination = .all,
        name: String? = nil
    ) -> SegmentDefinition {
        let group = SegmentDefinition.Group(
            sources: sources,
            sourceType: type,
            dimensions: name.map { [condition($0)] } ?? [],
            type: .all
        )
        return .groups(.all, [group])
    }

    private func message(of body: () throws -> ResolvedSegment) -> String {
        do {
            _ = try body()
            return "nothing was refused"
        } catch let fault as Fault {
            #expect(fault.code == .invalid)
            return fault.publicMessage
        } catch {
            return "\(error)"
        }
    }

    @Test func `sources are inlined by their source type, dimensions by their type`() throws {
        let sources: [SegmentDefinition.Source: SegmentVersion] = [
            .init(id: id(1)): .init(id: id(1), version: 3, definition: .dimensions(condition("one"))),
            .init(id: id(2), version: 1): .init(id: id(2), version: 1, definition: .dimensions(condition("two"))),
        ]
        let group = SegmentDefinition.Group(
            sources: [.init(id: id(1)), .init(id: id(2), version: 1)],
            sourceType: .any,
            dimensions: [condition("three"), condition("four")],
            type: .none
        )
        let resolved = try ResolvedSegment.resolve(.groups(.none, [group]), sources: sources)
        let base = SegmentExpression.combination(.any, [condition("one"), condition("two")])
        let narrowed = SegmentExpression.combination(.none, [condition("three"), condition("four")])
        #expect(resolved.expression == .combination(.none, [.combination(.all, [base, narrowed])]))
    }

    @Test(arguments: Combination.allCases)
    func `a group without sources and dimensions is everyone, whatever its types`(type: Combination) throws {
        let group = SegmentDefinition.Group(sources: [], sourceType: type, dimensions: [], type: type)
        #expect(try ResolvedSegment.resolve(.groups(.all, [group])).expression == .everyone)
    }

    @Test func `a source that is not there is refused by its id`() {
        let found = message { try ResolvedSegment.resolve(over([.init(id: id(9), version: 2)])) }
        #expect(found == "SegmentGroups: source segment \(id(9)) version 2 does not exist")
    }

    @Test func `a segment that is a source of itself is refused, by the way it goes`() {
        let sources: [SegmentDefinition.Source: SegmentVersion] = [
            .init(id: id(1)): .init(id: id(1), version: 2, definition: over([.init(id: id(2))])),
            .init(id: id(2)): .init(id: id(2), version: 1, definition: over([.init(id: id(1))])),
        ]
        let found = message {
            try ResolvedSegment.resolve(over([.init(id: id(2))]), id: id(1), version: 2, sources: sources)
        }
        #expect(found == "SegmentGroups: source segments form a cycle: \(id(1)) → \(id(2)) → \(id(1))")
    }

    @Test func `an older version of the segment itself is no cycle`() throws {
        let old = SegmentDefinition.Source(id: id(1), version: 1)
        let sources = [old: SegmentVersion(id: id(1), version: 1, definition: .dimensions(condition("old")))]
        let resolved = try ResolvedSegment.resolve(over([old]), id: id(1), version: 2, sources: sources)
        #expect(resolved.expression == condition("old"))
    }

    /// Segment n has source n + 1; the last has none.
    private func chain(of length: UInt64) -> [SegmentDefinition.Source: SegmentVersion] {
        var sources: [SegmentDefinition.Source: SegmentVersion] = [:]
        for number in 2...length {
            let next: [SegmentDefinition.Source] = number < length ? [.init(id: id(number + 1))] : []
            let groups = [
                SegmentDefinition.Group(
                    sources: next,
                    sourceType: .none,
                    dimensions: [condition("a\(number)"), condition("b")],
                    type: .any
                ),
                SegmentDefinition.Group(sources: [], sourceType: .all, dimensions: [condition("c")], type: .none),
            ]
            sources[.init(id: id(number))] = SegmentVersion(
                id: id(number),
                version: 1,
                definition: .groups(.any, groups)
            )
        }
        return sources
    }

    @Test func `eight levels of segments are resolved and nine refused`() throws {
        let resolved = try ResolvedSegment.resolve(over([.init(id: id(2))]), sources: chain(of: 8))
        #expect(resolved.expression.conditionCount == 7 * 3)
        let found = message { try ResolvedSegment.resolve(over([.init(id: id(2))]), sources: chain(of: 9)) }
        #expect(found == "SegmentGroups: source segments are nested more than 8 levels deep")
    }

    @Test func `a small definition that unfolds into a huge one is refused before it is built`() {
        var sources: [SegmentDefinition.Source: SegmentVersion] = [:]
        for number in 1...8 as ClosedRange<UInt64> {
            let definition =
                number == 8 ? over([], name: "x") : over(Array(repeating: .init(id: id(number + 1)), count: 100))
            sources[.init(id: id(number))] = SegmentVersion(id: id(number), version: 1, definition: definition)
        }
        let found = message { try ResolvedSegment.resolve(over([.init(id: id(2))]), sources: sources) }
        #expect(found == "SegmentGroups: more than 1000 dimensions with those of source segments")
    }

    @Test func `the deepest segment comes back from its frozen form within the parser's limits`() throws {
        var segment = try ResolvedSegment.resolve(
            over([.init(id: id(2))], .none),
            id: id(1),
            version: 12,
            sources: chain(of: 8)
        )
        let frozen: JSON = ["Segment": segment.json]
        let read = try #require(try JSON.parse(frozen.serialized)["Segment"])
        #expect(try ResolvedSegment(json: read) == segment)
        segment.id = nil
        segment.version = nil
        #expect(try ResolvedSegment(json: segment.json) == segment)
    }

    @Test(arguments: 0..<50)
    func `random segments come back from their frozen form`(seed: UInt64) throws {
        var generator = SegmentGenerator(seed: seed)
        let segment = ResolvedSegment(id: id(seed), version: 1, expression: generator.expression(levels: 4))
        let read = try JSON.parse(segment.json.serialized)
        #expect(try ResolvedSegment(json: read) == segment)
    }

    @Test(arguments: [
        "{}", #"{"Expression":{"Type":"SOME","Of":[]}}"#, #"{"Expression":{"Condition":"Weather"}}"#,
        #"{"Expression":{"Condition":"Attributes","Name":"a","Test":"BEFORE","Instants":[]}}"#,
        #"{"Expression":{"Type":"ALL","Of":[]},"Id":"x"}"#,
    ])
    func `a frozen form that was not written by us is an integrity fault`(text: String) throws {
        let json = try JSON.parse(text)
        do {
            _ = try ResolvedSegment(json: json)
            Issue.record("it was read")
        } catch {
            #expect(error.code == .integrity)
        }
    }
}
