import Core
import Model
import PinpointAPI
import Testing

@Suite struct CampaignDefinitionTests {
    private static let valid = #"""
        "SegmentId": "00000000000000050000000000000005", "Schedule": {"StartTime": "IMMEDIATE"},
        "MessageConfiguration": {"EmailMessage": {"Title": "News", "Body": "Hello"}}
        """#

    /// `members` come first, and the first of two equal names is not taken: so valid ones are replaced by what `without` names.
    private func definition(_ members: String, without name: String? = nil) throws -> CampaignDefinition {
        var object = try #require(try JSON.parse(Array("{\(Self.valid)}".utf8)).object)
        if let name { object[name] = nil }
        for member in try #require(try JSON.parse(Array("{\(members)}".utf8)).object).members {
            object[member.key] = member.value
        }
        return try CampaignDefinition(WriteCampaignRequest(json: .object(object), at: .root))
    }

    private static let filter = #"{"FilterType": "ENDPOINT", "Dimensions": {}}"#
    private static let email = #"{"EmailMessage": {"Title": "A", "Body": "B"}}"#

    @Test(arguments: [
        ("", "Schedule", "Schedule is required"),
        ("", "SegmentId", "SegmentId is required"),
        ("", "MessageConfiguration", "MessageConfiguration or TemplateConfiguration must say what to send"),
        (#""SegmentId": "x""#, "", "SegmentId must be a segment's id"),
        (#""SegmentVersion": 0"#, "", "SegmentVersion must be a positive version number"),
        (#""Schedule": {"StartTime": "tomorrow"}"#, "", "Schedule.StartTime must be IMMEDIATE or an ISO 8601 time"),
        (#""Schedule": {"StartTime": "1998-07-01T00:00:00"}"#, "", "Schedule.StartTime must be IMMEDIATE or"),
        (#""Schedule": {"StartTime": "IMMEDIATE", "Frequency": "EVENT"}"#, "", "Schedule.Frequency must not be EVENT"),
        (
            #""Schedule": {"StartTime": "IMMEDIATE", "Frequency": "IN_APP_EVENT"}"#, "",
            "Schedule.EventFilter is required with IN_APP_EVENT"
        ),
        (
            #""Schedule": {"StartTime": "IMMEDIATE", "Frequency": "IN_APP_EVENT", "EventFilter": \#(filter)}"#, "",
            "MessageConfiguration.InAppMessage is required with IN_APP_EVENT"
        ),
        (
            #""Schedule": {"StartTime": "IMMEDIATE", "Frequency": "IN_APP_EVENT", "EventFilter": \#(filter)}, "MessageConfiguration": {"EmailMessage": {"Title": "A"}, "InAppMessage": {"Body": "B"}}"#,
            "", "MessageConfiguration must have InAppMessage only with IN_APP_EVENT"
        ),
        (
            #""Schedule": {"StartTime": "IMMEDIATE", "Frequency": "IN_APP_EVENT", "EventFilter": \#(filter)}, "TemplateConfiguration": {"EmailTemplate": {"Name": "e"}}"#,
            "MessageConfiguration", "TemplateConfiguration must have InAppTemplate only with IN_APP_EVENT"
        ),
        (
            #""Schedule": {"StartTime": "IMMEDIATE", "Frequency": "IN_APP_EVENT", "EventFilter": \#(filter)}, "TemplateConfiguration": {"InAppTemplate": {"Name": "e", "Version": "0"}}"#,
            "MessageConfiguration", "TemplateConfiguration.InAppTemplate.Version must be a version number or latest"
        ),
        (#""Schedule": {"StartTime": "IMMEDIATE", "IsLocalTime": true}"#, "", "Schedule.IsLocalTime must be false"),
        (
            #""Schedule": {"StartTime": "IMMEDIATE", "QuietTime": {"Start": "22:00", "End": "08:00"}}"#, "",
            "Schedule.QuietTime is not supported"
        ),
        (#""Schedule": {"StartTime": "IMMEDIATE", "Timezone": "CET"}"#, "", "Schedule.Timezone must be UTC or one of"),
        (
            #""Schedule": {"StartTime": "1998-07-01T00:00:00Z", "EndTime": "1998-07-01T00:00:00Z"}"#, "",
            "Schedule.EndTime must be after StartTime"
        ),
        (#""Hook": {"LambdaFunctionName": "f"}"#, "", "Hook is not supported"),
        (
            #""CustomDeliveryConfiguration": {"DeliveryUri": "https://x"}"#, "",
            "CustomDeliveryConfiguration is not supported"
        ),
        (#""Limits": {"Daily": 1}"#, "", "Limits.Daily must be 0"),
        (#""Limits": {"Total": 1}"#, "", "Limits.Total must be 0"),
        (#""IsPaused": true"#, "", "IsPaused must be false for a campaign that starts IMMEDIATE"),
        (
            #""HoldoutPercent": 60, "AdditionalTreatments": [{"SizePercent": 41, "MessageConfiguration": \#(email)}]"#,
            "", "got 101"
        ),
        (#""AdditionalTreatments": [{"SizePercent": 10}]"#, "", "AdditionalTreatments[0].MessageConfiguration or"),
        (
            #""AdditionalTreatments": [{"SizePercent": 1, "MessageConfiguration": {"SMSMessage": {"Body": "x"}}}]"#, "",
            "AdditionalTreatments[0].MessageConfiguration.SMSMessage is not supported"
        ),
        (
            #""AdditionalTreatments": [{"SizePercent": 1, "MessageConfiguration": \#(email), "Schedule": {"StartTime": "1998-07-01T00:00:00Z"}}]"#,
            "", "AdditionalTreatments[0].Schedule must be absent or equal"
        ),
        (
            #""TemplateConfiguration": {"PushTemplate": {"Name": "p"}}"#, "",
            "TemplateConfiguration.PushTemplate is not supported"
        ),
        (
            #""TemplateConfiguration": {"EmailTemplate": {}}"#, "",
            "TemplateConfiguration.EmailTemplate.Name is required"
        ),
        (
            #""TemplateConfiguration": {"EmailTemplate": {"Name": "t", "Version": "newest"}}"#, "",
            "TemplateConfiguration.EmailTemplate.Version must be a version number or latest"
        ),
        (
            #""Needletail": {"DeliveryPolicy": "MAYBE"}"#, "",
            "Needletail.DeliveryPolicy must be AT_LEAST_ONCE or AT_MOST_ONCE"
        ),
        (#""Needletail": {"Policy": "AT_MOST_ONCE"}"#, "", "Needletail.Policy is not known"),
    ])
    func `what cannot be kept is refused by name`(members: String, without: String, message: String) {
        #expect {
            _ = try definition(members, without: without.isEmpty ? nil : without)
        } throws: { error in
            guard let error = error as? APIError else { return false }
            return error.status == 400 && error.message.contains(message)
        }
    }

    @Test(arguments: [
        #""Schedule": {"StartTime": "1998-07-01T09:00:00+02:00", "Frequency": "ONCE", "Timezone": "utc", "IsLocalTime": false, "QuietTime": {}}"#,
        #""Hook": {}, "Limits": {"Daily": 0, "Total": 0, "MaximumDuration": 60, "MessagesPerSecond": 50, "Session": 0}"#,
        #""HoldoutPercent": 100"#,
        #""AdditionalTreatments": [{"SizePercent": 50, "MessageConfiguration": \#(email), "Schedule": {"StartTime": "IMMEDIATE"}}]"#,
        #""TemplateConfiguration": {"EmailTemplate": {"Name": "t", "Version": "latest"}}"#,
        #""Needletail": {"DeliveryPolicy": "AT_LEAST_ONCE"}, "Priority": 3"#,
    ])
    func `what Pinpoint's samples write is taken`(members: String) throws {
        _ = try definition(members)
    }

    @Test func `a start time with an offset is the instant it names`() throws {
        let start = try definition(#""Schedule": {"StartTime": "1998-07-01T02:00:00+02:00"}"#).schedule.start
        #expect(start == .at(Instant(seconds: 899_251_200)))
    }
}
