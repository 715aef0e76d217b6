import Core
import PinpointAPI
import Segments
import Testing

@Suite struct SegmentDefinitionTests {
    /// What the API answers to `body`, or nil when it takes it.
    private func refusal(of body: String) -> String? {
        do {
            _ = try SegmentDefinition(WriteSegmentRequest(body: Array(body.utf8)))
            return nil
        } catch {
            #expect(error.status == 400)
            return error.message
        }
    }

    @Test(arguments: [
        ("{}", "Dimensions or SegmentGroups is required"),
        (#"{"Dimensions":{},"SegmentGroups":{"Groups":[{}]}}"#, "Dimensions and SegmentGroups exclude each other"),
        (#"{"SegmentGroups":{}}"#, "SegmentGroups.Groups must have at least one group"),
        (
            #"{"Dimensions":{"Attributes":{"a":{"Values":[]}}}}"#,
            "Dimensions.Attributes.a.Values must have 1 to 100 values; got 0"
        ),
        (
            #"{"Dimensions":{"Attributes":{"a":{"AttributeType":"BEFORE","Values":["yesterday"]}}}}"#,
            "Dimensions.Attributes.a.Values[0] must be a date such as 2026-01-02T03:04:05Z"
        ),
        (
            #"{"Dimensions":{"UserAttributes":{"a":{"AttributeType":"BETWEEN","Values":["2026-01-02T03:04:05Z"]}}}}"#,
            "Dimensions.UserAttributes.a.Values must have 2 values for a date; got 1"
        ),
        (
            #"{"Dimensions":{"Attributes":{"a":{"AttributeType":"BETWEEN","Values":["2026-01-02T00:00:00Z","2026-01-01T00:00:00Z"]}}}}"#,
            "Dimensions.Attributes.a.Values must be a start and an end in that order"
        ),
        (
            #"{"Dimensions":{"Metrics":{"m":{"ComparisonOperator":"NEAR","Value":1}}}}"#,
            "Dimensions.Metrics.m.ComparisonOperator must be one of GREATER_THAN, LESS_THAN, "
                + "GREATER_THAN_OR_EQUAL, LESS_THAN_OR_EQUAL, EQUAL; got \"NEAR\""
        ),
        (
            #"{"Dimensions":{"Demographic":{"Channel":{"Values":["email"]}}}}"#,
            "Dimensions.Demographic.Channel.Values[0] must be one of PUSH, GCM, APNS, APNS_SANDBOX, APNS_VOIP, "
                + "APNS_VOIP_SANDBOX, ADM, SMS, VOICE, EMAIL, BAIDU, CUSTOM, IN_APP"
        ),
        (
            #"{"Dimensions":{"Location":{"GPSPoint":{"Coordinates":{"Latitude":91,"Longitude":0},"RangeInKilometers":1}}}}"#,
            "Dimensions.Location.GPSPoint.Coordinates.Latitude must be between -90 and 90"
        ),
        (
            #"{"Dimensions":{"Location":{"GPSPoint":{"Coordinates":{"Latitude":1,"Longitude":0}}}}}"#,
            "Dimensions.Location.GPSPoint.RangeInKilometers is required and must not be negative"
        ),
        (
            #"{"SegmentGroups":{"Groups":[{"SourceSegments":[{"Id":"x"}]}]}}"#,
            "SegmentGroups.Groups[0].SourceSegments[0].Id must be the id of a segment"
        ),
        (
            #"{"SegmentGroups":{"Groups":[{"SourceSegments":[{"Id":"0123456789abcdef0123456789abcdef","Version":0}]}]}}"#,
            "SegmentGroups.Groups[0].SourceSegments[0].Version must be at least 1; got 0"
        ),
    ])
    func `a definition that means nothing is refused by the name of its member`(body: String, message: String) {
        #expect(refusal(of: body) == message)
    }

    @Test func `an attribute's name has 1 to 50 characters and its values at most 100`() {
        func body(name: String, value: String) -> String {
            #"{"Dimensions":{"Attributes":{"\#(name)":{"Values":["\#(value)"]}}}}"#
        }
        let name = String(repeating: "é", count: 50)
        #expect(refusal(of: body(name: name, value: String(repeating: "é", count: 100))) == nil)
        #expect(refusal(of: body(name: name + "x", value: "v"))?.hasSuffix("it must have 1 to 50 characters") == true)
        #expect(refusal(of: body(name: "", value: "v"))?.hasSuffix("it must have 1 to 50 characters") == true)
        let long = refusal(of: body(name: "a", value: String(repeating: "v", count: 101)))
        #expect(long == "Dimensions.Attributes.a.Values[0] must have at most 100 characters")
    }

    @Test func `a NUL in a name or a value is refused`() throws {
        let value = WriteSegmentRequest(
            dimensions: SegmentDimensions(attributes: ["a": AttributeDimension(values: ["\0"])])
        )
        let name = WriteSegmentRequest(
            dimensions: SegmentDimensions(userAttributes: ["\0": AttributeDimension(values: ["v"])])
        )
        #expect(throws: APIError.badRequest("Dimensions.Attributes.a.Values[0] must not contain U+0000")) {
            try SegmentDefinition(value)
        }
        #expect(throws: APIError.badRequest("Dimensions.UserAttributes.\0 must not contain U+0000")) {
            try SegmentDefinition(name)
        }
    }

    @Test func `a segment has at most 100 dimensions, source segments counted`() {
        func body(attributes: Int, sources: Int) -> String {
            let names = (0..<attributes).map { #""a\#($0)":{"Values":["v"]}"# }.joined(separator: ",")
            let ids = (0..<sources).map { _ in #"{"Id":"0123456789abcdef0123456789abcdef"}"# }.joined(separator: ",")
            return
                #"{"SegmentGroups":{"Groups":[{"SourceSegments":[\#(ids)],"Dimensions":[{"Attributes":{\#(names)}}]}]}}"#
        }
        #expect(refusal(of: body(attributes: 60, sources: 40)) == nil)
        #expect(
            refusal(of: body(attributes: 60, sources: 41))
                == "The segment has 101 dimensions and source segments; 100 are allowed"
        )
    }

    @Test func `PUSH stands for every push channel, and for no other`() throws {
        let request = WriteSegmentRequest(
            dimensions: SegmentDimensions(
                demographic: SegmentDemographics(channel: SetDimension(values: ["PUSH", "SMS", "APNS"]))
            )
        )
        let channels = ["PUSH", "GCM", "APNS", "APNS_SANDBOX", "APNS_VOIP", "APNS_VOIP_SANDBOX", "ADM", "BAIDU", "SMS"]
        #expect(
            try SegmentDefinition(request)
                == .dimensions(.condition(.demographic(.channel, .inclusive(channels))))
        )
    }

    @Test func `what is left out means ALL and INCLUSIVE`() throws {
        let dimensions = SegmentDimensions(attributes: ["a": AttributeDimension(values: ["v"])])
        let id = try #require(SegmentID("0123456789abcdef0123456789abcdef"))
        let request = WriteSegmentRequest(
            segmentGroups: SegmentGroupList(groups: [
                SegmentGroup(dimensions: [dimensions], sourceSegments: [SegmentReference(id: id.description)])
            ])
        )
        let condition = SegmentExpression.condition(.attribute(.endpoint, name: "a", .inclusive(["v"])))
        let group = SegmentDefinition.Group(
            sources: [SegmentDefinition.Source(id: id)],
            sourceType: .all,
            dimensions: [condition],
            type: .all
        )
        #expect(try SegmentDefinition(request) == .groups(.all, [group]))
    }
}
