import Core
import PinpointAPI
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

    /// None of them has source segments, so nothing has to be read.
    func resolved() throws -> ResolvedSegment {
        let definition = try SegmentDefinition(try WriteSegmentRequest(json: request, at: .root))
        return try ResolvedSegment.resolve(definition, id: nil, version: nil, sources: [:])
    }
}
