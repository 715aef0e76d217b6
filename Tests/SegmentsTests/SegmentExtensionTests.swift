import Core
import PinpointAPI
import Segments
import Testing

/// The member `Needletail` of segments.
@Suite struct SegmentExtensionTests {
    private func definition(_ body: String) throws -> SegmentDefinition {
        try SegmentDefinition(WriteSegmentRequest(body: Array(body.utf8)))
    }

    private func refusal(of needletail: String) -> String? {
        do {
            _ = try definition(#"{"Needletail":\#(needletail)}"#)
            return nil
        } catch {
            return (error as? APIError)?.message ?? "\(error)"
        }
    }

    @Test(arguments: [
        (
            #"{"Behaviours":[]}"#,
            "Needletail.Behaviours is not known; did you mean Behaviors? Known here: Behaviors, Dates, Percentage, Sequences"
        ),
        (#"{"Behaviors":{}}"#, "Needletail.Behaviors must be an array"),
        (#"{"Behaviors":[1]}"#, "Needletail.Behaviors[0] must be a JSON object"),
        (#"{"Behaviors":[{"Days":7}]}"#, "Needletail.Behaviors[0] must have exactly one of AtLeast, AtMost, Exactly"),
        (
            #"{"Behaviors":[{"Days":7,"AtLeast":1,"AtMost":2}]}"#,
            "Needletail.Behaviors[0] must have exactly one of AtLeast, AtMost, Exactly"
        ),
        (
            #"{"Behaviors":[{"Days":7,"AtLeast":1},{"Days":7,"Exactly":10001}]}"#,
            "Needletail.Behaviors[1].Exactly must be between 0 and 10000; got 10001"
        ),
        (
            #"{"Behaviors":[{"AtLeast":-1,"Days":1}]}"#,
            "Needletail.Behaviors[0].AtLeast must be between 0 and 10000; got -1"
        ),
        (#"{"Behaviors":[{"AtLeast":1}]}"#, "Needletail.Behaviors[0].Days is required"),
        (
            #"{"Behaviors":[{"AtLeast":1,"Days":367}]}"#,
            "Needletail.Behaviors[0].Days must be between 1 and 366; got 367"
        ),
        (
            #"{"Behaviors":[{"AtLeast":1,"Days":1,"Scope":"user"}]}"#,
            "Needletail.Behaviors[0].Scope must be one of ENDPOINT, USER; got \"user\""
        ),
        (
            #"{"Behaviors":[{"AtLeast":1,"Days":1,"Event":"x"}]}"#,
            "Needletail.Behaviors[0].Event is not known; did you mean EventType? Known here: AtLeast, AtMost, Attributes, Days, EventType, Exactly, Metrics, Scope"
        ),
        (
            #"{"Behaviors":[{"AtLeast":1,"Days":1,"EventType":""}]}"#,
            "Needletail.Behaviors[0].EventType must have 1 to 128 characters"
        ),
        (
            #"{"Behaviors":[{"AtLeast":1,"Days":1,"Attributes":{"page":{"Values":[]}}}]}"#,
            "Needletail.Behaviors[0].Attributes.page.Values must have 1 to 100 values; got 0"
        ),
        (
            #"{"Behaviors":[{"AtLeast":1,"Days":1,"Metrics":{"price":{"ComparisonOperator":"MORE","Value":1}}}]}"#,
            "Needletail.Behaviors[0].Metrics.price.ComparisonOperator must be one of GREATER_THAN, LESS_THAN, "
                + "GREATER_THAN_OR_EQUAL, LESS_THAN_OR_EQUAL, EQUAL; got \"MORE\""
        ),
        (
            #"{"Sequences":[{"Steps":[{"EventType":"a"}],"WithinDays":1,"Days":7}]}"#,
            "Needletail.Sequences[0].Steps must have 2 to 5 steps; got 1"
        ),
        (
            #"{"Sequences":[{"Steps":[{"EventType":"a"},{}],"WithinDays":1,"Days":7}]}"#,
            "Needletail.Sequences[0].Steps[1].EventType is required"
        ),
        (
            #"{"Sequences":[{"Steps":[{"EventType":"a"},{"EventType":"b"}],"Days":7}]}"#,
            "Needletail.Sequences[0] must have exactly one of WithinSeconds, WithinDays"
        ),
        (
            #"{"Sequences":[{"Steps":[{"EventType":"a"},{"EventType":"b"}],"Days":7,"WithinDays":7,"Absent":true}]}"#,
            "Needletail.Sequences[0].Days must be longer than the time in which the last step is absent: nothing could match"
        ),
        (#"{"Dates":[{"FromDays":3,"ToDays":3}]}"#, "Needletail.Dates[0].Attribute is required"),
        (
            #"{"Dates":[{"Attribute":"b","FromDays":3,"ToDays":2}]}"#,
            "Needletail.Dates[0].ToDays must not be less than FromDays"
        ),
        (
            #"{"Dates":[{"Attribute":"b","FromDays":-367,"ToDays":2}]}"#,
            "Needletail.Dates[0].FromDays must be between -366 and 366; got -367"
        ),
        (#"{"Percentage":{"From":10,"To":10}}"#, "Needletail.Percentage.To must be more than From"),
        (#"{"Percentage":{"From":0,"To":101}}"#, "Needletail.Percentage.To must be between 1 and 100; got 101"),
        (#"{"Percentage":{"From":0,"To":5,"Salt":""}}"#, "Needletail.Percentage.Salt must have 1 to 100 characters"),
        ("{}", "Dimensions or SegmentGroups is required"),
    ])
    func `what means nothing is refused by the name of its member`(needletail: String, message: String) {
        #expect(refusal(of: needletail) == message)
    }

    @Test func `every part is read`() throws {
        let found = try definition(
            #"""
            {"Dimensions":{"Attributes":{"plan":{"Values":["pro"]}},"Needletail":{
              "Behaviors":[{"EventType":"view","AtLeast":2,"Days":14,"Scope":"USER",
                            "Attributes":{"page":{"AttributeType":"CONTAINS","Values":["/sale"]}},
                            "Metrics":{"price":{"ComparisonOperator":"GREATER_THAN","Value":10}}}]}},
             "Needletail":{
              "Sequences":[{"Steps":[{"EventType":"cart"},{"EventType":"buy"}],"WithinSeconds":3600,"Absent":true,"Days":7}],
              "Dates":[{"Attribute":"birthday","Source":"USER","FromDays":3,"ToDays":3,"Anniversary":true}],
              "Percentage":{"From":0,"To":10,"Salt":"spring"}}}
            """#
        )
        let view = EventTest(
            type: "view",
            attributes: [EventAttributeTest(name: "page", test: .contains(["/sale"]))],
            metrics: [EventMetricTest(name: "price", comparison: .greaterThan, value: 10)]
        )
        let dimensions = SegmentExpression.combination(
            .all,
            [
                .condition(.attribute(.endpoint, name: "plan", .inclusive(["pro"]))),
                .condition(.behavior(BehaviorTest(event: view, count: .atLeast(2), days: 14, scope: .user))),
            ]
        )
        let sequence = SequenceTest(
            steps: [EventTest(type: "cart"), EventTest(type: "buy")],
            within: .seconds(3600),
            isLastAbsent: true,
            days: 7
        )
        let narrowing = SegmentExpression.combination(
            .all,
            [
                .condition(.percentage(PercentageTest(from: 0, to: 10, salt: "spring"))),
                .condition(
                    .date(DateTest(owner: .user, name: "birthday", fromDays: 3, toDays: 3, isAnniversary: true))
                ),
                .condition(.sequence(sequence)),
            ]
        )
        #expect(found == .dimensions(dimensions, narrowedBy: narrowing))
        // The two filters of the first count as the sequence's second step does.
        #expect(found.dimensionCount == 1 + 3 + 2 + 1 + 1)
    }

    @Test func `the extension narrows groups, and stands by itself`() throws {
        let share = SegmentExpression.condition(.percentage(PercentageTest(from: 0, to: 1)))
        let alone = try definition(#"{"Needletail":{"Percentage":{"From":0,"To":1}}}"#)
        #expect(try ResolvedSegment.resolve(alone).expression == share)
        let groups = try definition(
            #"{"SegmentGroups":{"Groups":[{"Dimensions":[{}]}],"Include":"NONE"},"Needletail":{"Percentage":{"From":0,"To":1}}}"#
        )
        let everyoneLess = SegmentExpression.combination(.none, [.everyone])
        #expect(try ResolvedSegment.resolve(groups).expression == .combination(.all, [everyoneLess, share]))
    }

    @Test func `filters of events count against the limit of dimensions`() {
        func body(_ filters: Int) -> String {
            let names = (0..<filters).map { #""a\#($0)":{"Values":["v"]}"# }.joined(separator: ",")
            return #"{"Behaviors":[{"AtLeast":1,"Days":1,"Attributes":{\#(names)}}]}"#
        }
        #expect(refusal(of: body(99)) == nil)
        #expect(
            refusal(of: body(100)) == "The segment has 101 dimensions and source segments; 100 are allowed"
        )
    }
}
