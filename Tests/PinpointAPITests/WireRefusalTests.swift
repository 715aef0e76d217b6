import Core
import PinpointAPI
import Testing

/// The words of a refusal: which member, what is allowed, what was sent.
@Suite struct WireRefusalTests {
    private func refusal<Shape: WireShape>(_ shape: Shape.Type, _ body: String) -> String? {
        #expect(throws: APIError.self) { try Shape(body: Array(body.utf8)) }?.message
    }

    @Test func `required members are named with their path`() {
        let body = #"{"BatchItem":{"e1":{"Endpoint":{},"Events":{"k":{"EventType":"x"}}}}}"#
        #expect(refusal(EventsRequest.self, body) == "BatchItem.e1.Events.k.Timestamp is required")
        #expect(refusal(EventsRequest.self, "{}") == "BatchItem is required")
        #expect(
            refusal(EndpointBatchRequest.self, #"{"Item":[{"Id":"a"},{"Address":"b"}]}"#) == "Item[1].Id is required")
    }

    @Test func `words outside an enumeration are listed`() {
        let body = #"{"Schedule":{"StartTime":"IMMEDIATE","Frequency":"X"}}"#
        #expect(
            refusal(WriteCampaignRequest.self, body)
                == #"Schedule.Frequency must be one of ONCE, HOURLY, DAILY, WEEKLY, MONTHLY, EVENT, IN_APP_EVENT; got "X""#
        )
        #expect(refusal(EndpointRequest.self, #"{"OptOut":"SOME"}"#) == #"OptOut must be one of ALL, NONE; got "SOME""#)
        #expect(
            refusal(EndpointRequest.self, #"{"ChannelType":"FAX"}"#)?.hasSuffix(#"CUSTOM, IN_APP; got "FAX""#) == true)
    }

    @Test func `wrong types are named at any depth`() {
        #expect(refusal(CreateApplicationRequest.self, #"{"Name":5}"#) == "Name must be a string")
        #expect(refusal(CreateApplicationRequest.self, "[]") == "The request body must be a JSON object")
        #expect(refusal(EndpointRequest.self, #"{"Attributes":{"a":"b"}}"#) == "Attributes.a must be an array")
        #expect(refusal(EndpointRequest.self, #"{"Attributes":{"a":["b",1]}}"#) == "Attributes.a[1] must be a string")
        #expect(refusal(EndpointRequest.self, #"{"Attributes":{"a":[null]}}"#) == "Attributes.a[0] must not be null")
        #expect(refusal(EndpointRequest.self, #"{"Metrics":{"a":"1"}}"#) == "Metrics.a must be a number")
        #expect(refusal(EndpointRequest.self, #"{"Metrics":[]}"#) == "Metrics must be an object")
        #expect(refusal(WriteCampaignRequest.self, #"{"IsPaused":1}"#) == "IsPaused must be true or false")
        #expect(refusal(WriteCampaignRequest.self, #"{"SegmentVersion":1.5}"#) == "SegmentVersion must be an integer")
        #expect(refusal(WriteCampaignRequest.self, #"{"Needletail":1}"#) == "Needletail must be a JSON object")
        #expect(
            refusal(WriteCampaignRequest.self, #"{"SegmentVersion":2147483648}"#)
                == "SegmentVersion must be an integer between -2147483648 and 2147483647; got 2147483648"
        )
    }

    @Test func `limits say what is allowed`() {
        #expect(
            refusal(WriteCampaignRequest.self, #"{"HoldoutPercent":101}"#)
                == "HoldoutPercent must be between 0 and 100; got 101")
        #expect(
            refusal(WriteCampaignRequest.self, #"{"Limits":{"MaximumDuration":59}}"#)
                == "Limits.MaximumDuration must be at least 60, or 0 for no limit; got 59"
        )
        let items = Array(repeating: #"{"Id":"a"}"#, count: 101).joined(separator: ",")
        #expect(
            refusal(EndpointBatchRequest.self, #"{"Item":[\#(items)]}"#) == "Item must have 1 to 100 items; got 101")
        #expect(refusal(EndpointBatchRequest.self, #"{"Item":[]}"#) == "Item must have 1 to 100 items; got 0")
        let long = String(repeating: "é", count: 101)
        #expect(
            refusal(EndpointRequest.self, #"{"Attributes":{"a":["\#(long)"]}}"#)
                == "Attributes.a[0] must have at most 100 characters; got 101"
        )
        let name = String(repeating: "n", count: 51)
        #expect(
            refusal(EndpointRequest.self, #"{"Metrics":{"\#(name)":1}}"#)
                == "Metrics.\(name) is not a valid name: it must have 1 to 50 characters; it has 51"
        )
        let values = Array(repeating: "\"v\"", count: 51).joined(separator: ",")
        #expect(
            refusal(EndpointRequest.self, #"{"Attributes":{"a":[\#(values)]}}"#)
                == "Attributes.a must have at most 50 values; got 51"
        )
        let tags = (0...50).map { "\"t\($0)\":\"\"" }.joined(separator: ",")
        #expect(refusal(TagsModel.self, #"{"tags":{\#(tags)}}"#) == "tags must have at most 50 entries; got 51")
        #expect(refusal(CreateApplicationRequest.self, #"{"Name":""}"#) == "Name must have 1 to 256 characters; got 0")
    }

    @Test func `values at the limits pass`() throws {
        let fifty = String(repeating: "😀", count: 50)
        _ = try EndpointRequest(body: Array(#"{"Attributes":{"\#(fifty)":["\#(fifty)\#(fifty)"]}}"#.utf8))
        _ = try WriteCampaignRequest(
            body: Array(
                #"{"HoldoutPercent":100,"Limits":{"Daily":0,"MaximumDuration":0,"MessagesPerSecond":20000}}"#.utf8)
        )
        _ = try WriteCampaignRequest(body: Array(#"{"Name":"a","Limits":{"MaximumDuration":60}}"#.utf8))
    }

    @Test func `malformed JSON echoes the parser`() {
        #expect(
            refusal(EndpointRequest.self, #"{"Address": tru}"#)
                == "Malformed JSON: expected true, false or null at Address (byte 12)")
    }

    @Test func `timestamps of the model have any precision`() throws {
        func parse(_ text: String) throws -> Instant { try Instant(json: .string(text), at: .root) }
        #expect(try parse("2026-01-02T03:04:05.678901Z").microseconds == 1_767_323_045_678_901)
        #expect(try parse("2026-01-02T03:04:05Z").microseconds == 1_767_323_045_000_000)
        let error = #expect(throws: APIError.self) { try Instant(json: "yesterday", at: .root.member("StartTime")) }
        #expect(error?.message == "StartTime must be an ISO 8601 timestamp")
    }

    @Test func `unknown members of the extension are refused`() throws {
        let path = WirePath.root.member("Needletail")
        try NeedletailMembers.only(["Rate", "Policy"], of: ["Rate": 1], at: path)
        let error = #expect(throws: APIError.self) {
            try NeedletailMembers.only(["Rate", "Policy"], of: ["Rat": 1], at: path)
        }
        #expect(error?.message == "Needletail.Rat is not known; did you mean Rate? Known here: Policy, Rate")
    }
}
