import Core
import Model
import PinpointAPI
import Postgres
import Segments
import TestKit
import Testing

@Suite struct SegmentExplanationTests {
    private static let now = Instant(seconds: 899_251_200)
    private let source = SegmentID(high: 8, low: 1)

    private func outline(_ body: String, source definition: String? = nil) throws -> SegmentOutline {
        var sources: [SegmentDefinition.Source: SegmentVersion] = [:]
        if let definition {
            let inner = try SegmentDefinition(WriteSegmentRequest(body: Array(definition.utf8)))
            sources[.init(id: source)] = SegmentVersion(id: source, version: 4, definition: inner)
        }
        return try SegmentOutline.resolve(
            SegmentDefinition(WriteSegmentRequest(body: Array(body.utf8))),
            sources: sources
        )
    }

    /// Path → (sentence, what was found, true or false), of every condition.
    private func leaves(_ tree: JSON) -> [String: (words: String, found: JSON, matches: Bool)] {
        guard let words = tree["Condition"]?.string else {
            return (tree["Members"]?.array ?? []).reduce(into: [:]) { all, member in
                all.merge(leaves(member)) { first, _ in first }
            }
        }
        return [tree["Path"]?.string ?? "": (words, tree["Found"] ?? .null, tree["Matches"]?.bool ?? false)]
    }

    @Test func `every condition says where it stands, what it asks and what was found`() throws {
        let outline = try outline(
            #"""
            {"SegmentGroups":{"Include":"ANY","Groups":[
               {"SourceSegments":[{"Id":"\#(source)"}],"Dimensions":[{},{"UserAttributes":{"tier":{"Values":["gold"]}},
                 "Needletail":{"Behaviors":[{"EventType":"a","AtLeast":1,"Days":7},
                                            {"EventType":"buy","Exactly":2,"Days":30,"Scope":"USER"}]}}]}]},
             "Needletail":{"Sequences":[{"Steps":[{"EventType":"cart"},{"EventType":"buy"}],"WithinDays":1,"Absent":true,"Days":7}]}}
            """#,
            source: #"{"Dimensions":{"Metrics":{"spent":{"ComparisonOperator":"GREATER_THAN","Value":10}}}}"#
        )
        let buys = [1, 2, 3].map { SegmentEvent(type: "buy", at: Self.now - .seconds($0 * 86_400)) }
        let person = SegmentSubject(
            userAttributes: ["tier": ["silver", "gold"]],
            metrics: ["spent": 9.5],
            effectiveAt: Self.now,
            events: [SegmentEvent(type: "cart", at: Self.now - .seconds(2 * 86_400 + 60))],
            userEvents: buys
        )
        let explanation = SegmentExplanation(outline, person, now: Self.now)
        #expect(!explanation.matches)
        let found = leaves(explanation.tree)
        #expect(found.count == 5)
        let tier = try #require(found["SegmentGroups.Groups[0].Dimensions[1].UserAttributes.tier"])
        #expect(tier == ("the user attribute \"tier\" is one of \"gold\"", ["silver", "gold"], true))
        let spent = try #require(found["Dimensions.Metrics.spent"])
        #expect(spent == ("the metric \"spent\" is greater than 10.0", 9.5, false))
        let second = try #require(found["SegmentGroups.Groups[0].Dimensions[1].Needletail.Behaviors[1]"])
        #expect(second.words == "did \"buy\" exactly 2 times in the last 30 days, on any endpoint of the user")
        #expect(second.found["Count"] == 3)
        #expect(second.found["Last"] == .string((Self.now - .seconds(86_400)).description))
        let cart = try #require(found["Needletail.Sequences[0]"])
        #expect(cart.words == "did \"cart\", and then no \"buy\" within 1 day, in the last 7 days")
        #expect(cart.matches)
        let top = explanation.tree
        #expect(top["Combination"] == "ALL")
        #expect(top["Members"]?.array?.first?["Path"] == "SegmentGroups")
        let base = top["Members"]?.array?.first?["Members"]?.array?.first?["Members"]?.array?.first
        #expect(base?["Path"] == "SegmentGroups.Groups[0].SourceSegments")
        #expect(base?["Members"]?.array?.first?["Segment"] == ["Id": .string(source.description), "Version": 4])
    }

    /// What is loaded for a person, at a time in the past.
    @Test(.database) func `at a time in the past, later events are left out and windows end there`() async throws {
        let database = try TestDatabase.current.database
        var generator = SegmentGenerator(seed: 12)
        let world = SegmentWorld(size: 30, sources: 0, with: &generator)
        try await world.insert(into: database)
        let past = world.now - .seconds(3 * 86_400)
        var members = 0
        for _ in 0..<60 {
            let outline = SegmentOutline.condition(
                generator.chance(50) ? .behavior(generator.behavior()) : .sequence(generator.sequence()),
                at: .root
            )
            for place in world.people.indices {
                var person = world.people[place]
                person.events.removeAll { $0.at > past }
                person.userEvents?.removeAll { $0.at > past }
                let loaded = try await database.withSession { session in
                    try await SegmentSubjectLoader.load(
                        SegmentWorld.app,
                        SegmentWorld.id(place),
                        for: outline.expression,
                        now: past,
                        upTo: past,
                        in: session
                    )
                }
                let expected = SegmentExplanation(outline, person, now: past).matches
                let found = SegmentExplanation(outline, try #require(loaded), now: past).matches
                #expect(found == expected, "\(place): \(outline.expression)")
                members += found ? 1 : 0
            }
        }
        #expect(members > 200 && members < 1600)
        let nobody = try await database.withSession { session in
            try await SegmentSubjectLoader.load(
                SegmentWorld.app, EndpointID("nobody"), for: .everyone, now: past, in: session)
        }
        #expect(nobody == nil)
    }

    @Test func `only the events that conditions look at are wanted`() throws {
        func needs(_ body: String) throws -> EventNeeds {
            EventNeeds(try outline(body).expression, now: Self.now)
        }
        let none = try needs(#"{"Dimensions":{"Attributes":{"a":{"Values":["v"]}}}}"#)
        #expect(none.window == nil && none.activeSince == nil && !none.needsUser)
        let recency = try needs(
            #"{"Dimensions":{"Behavior":{"Recency":{"Duration":"DAY_7","RecencyType":"ACTIVE"}}}}"#
        )
        #expect(recency.window == nil)
        #expect(recency.activeSince == Self.now.windowStart(days: 7))
        let typed = try needs(
            #"{"Needletail":{"Behaviors":[{"EventType":"a","AtLeast":1,"Days":3},{"EventType":"b","AtMost":0,"Days":9,"Scope":"USER"}]}}"#
        )
        #expect(typed.window?.start == Self.now.windowStart(days: 9))
        #expect(typed.window?.types == ["a", "b"])
        #expect(typed.needsUser)
        let any = try needs(
            #"{"Needletail":{"Behaviors":[{"AtLeast":1,"Days":3},{"EventType":"b","AtMost":0,"Days":9}]}}"#)
        #expect(any.window?.start == Self.now.windowStart(days: 9))
        #expect(any.window?.types == nil)
    }
}
