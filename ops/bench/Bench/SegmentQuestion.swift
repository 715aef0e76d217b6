import Core
import Segments

/// The three segments of the contest, as clients write them. The peer asks the same of its columns (ops/bench/segments_peer.py).
enum SegmentQuestion: String, CaseIterable, Sendable {
    /// In Japan, in their thirties, and interested in cats: one in a thousand.
    case attributes = "S1"
    /// Did anything in a week, and bought nothing in a month: a quarter.
    case lapsed = "S2"
    /// On the plan `pro`, and saw two products or more in a fortnight: one in a thousand.
    case keen = "S3"

    /// A WriteSegmentRequest.
    var request: JSON {
        switch self {
        case .attributes:
            [
                "SegmentGroups": [
                    "Include": "ALL",
                    "Groups": [
                        [
                            "Type": "ALL",
                            "Dimensions": [
                                [
                                    "Location": ["Country": ["DimensionType": "INCLUSIVE", "Values": ["JP"]]],
                                    "Attributes": ["interests": ["AttributeType": "INCLUSIVE", "Values": ["cats"]]],
                                    "Metrics": ["age": ["ComparisonOperator": "GREATER_THAN_OR_EQUAL", "Value": 30]],
                                ],
                                ["Metrics": ["age": ["ComparisonOperator": "LESS_THAN_OR_EQUAL", "Value": 39]]],
                            ],
                        ]
                    ],
                ]
            ]
        case .lapsed:
            [
                "Needletail": [
                    "Behaviors": [
                        ["AtLeast": 1, "Days": 7], ["EventType": "purchase", "Exactly": 0, "Days": 30],
                    ]
                ]
            ]
        case .keen:
            [
                "Dimensions": [
                    "Attributes": ["plan": ["AttributeType": "INCLUSIVE", "Values": ["pro"]]],
                    "Needletail": ["Behaviors": [["EventType": "product.view", "AtLeast": 2, "Days": 14]]],
                ]
            ]
        }
    }

    /// The same as the engines take it.
    var segment: ResolvedSegment {
        let conditions: [SegmentCondition] =
            switch self {
            case .attributes:
                [
                    .metric(name: "age", .greaterThanOrEqual, 30), .metric(name: "age", .lessThanOrEqual, 39),
                    .country(.inclusive(["JP"])), .attribute(.endpoint, name: "interests", .inclusive(["cats"])),
                ]
            case .lapsed:
                [
                    .behavior(BehaviorTest(event: EventTest(), count: .atLeast(1), days: 7)),
                    .behavior(BehaviorTest(event: EventTest(type: "purchase"), count: .exactly(0), days: 30)),
                ]
            case .keen:
                [
                    .attribute(.endpoint, name: "plan", .inclusive(["pro"])),
                    .behavior(BehaviorTest(event: EventTest(type: "product.view"), count: .atLeast(2), days: 14)),
                ]
            }
        return ResolvedSegment(expression: .combination(.all, conditions.map(SegmentExpression.condition)))
    }
}
