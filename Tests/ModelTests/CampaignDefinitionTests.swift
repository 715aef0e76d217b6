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
        (
            #""Schedule": {"StartTime": "IMMEDIATE", "Frequency": "EVENT"}"#, "",
            "Schedule.EventFilter is required with EVENT"
        ),
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
        (
            #""Schedule": {"StartTime": "IMMEDIATE", "IsLocalTime": true, "Frequency": "IN_APP_EVENT", "EventFilter": \#(filter)}"#,
            "", "Schedule.IsLocalTime must be false with IN_APP_EVENT"
        ),
        (
            #""Schedule": {"StartTime": "IMMEDIATE", "QuietTime": {"Start": "22:00", "End": "24:00"}}"#, "",
            "Schedule.QuietTime.End must be a time of day"
        ),
        (#""Schedule": {"StartTime": "IMMEDIATE", "Timezone": "CET"}"#, "", "Schedule.Timezone must be UTC or one of"),
        (
            #""Schedule": {"StartTime": "1998-07-01T00:00:00Z", "EndTime": "1998-07-01T00:00:00Z"}"#, "",
            "Schedule.EndTime must be after StartTime"
        ),
        (
            #""Hook": {"LambdaFunctionName": "f", "WebUrl": "https://x"}"#, "",
            "Hook must have LambdaFunctionName or WebUrl, not both"
        ),
        (#""Hook": {"Mode": "FILTER"}"#, "", "Hook must have LambdaFunctionName or WebUrl with Mode"),
        (#""Hook": {"LambdaFunctionName": "f", "Mode": "DELIVERY"}"#, "", "Hook.Mode must be FILTER"),
        (#""Hook": {"LambdaFunctionName": "f g"}"#, "", "Hook.LambdaFunctionName must be the name or the ARN"),
        (#""Hook": {"LambdaFunctionName": "arn:aws:s3:a:1:function:f"}"#, "", "Hook.LambdaFunctionName must be"),
        (#""Hook": {"WebUrl": "http://example.com"}"#, "", "Hook.WebUrl must be a URL that begins with https://"),
        (#""Hook": {"WebUrl": "https:///x"}"#, "", "Hook.WebUrl must be a URL that begins with https:// and a host"),
        (#""Hook": {"WebUrl": "https://u@example.com"}"#, "", "Hook.WebUrl must have letters, digits and"),
        (
            #""MessageConfiguration": {"CustomMessage": {"Data": "x"}}"#, "",
            "CustomDeliveryConfiguration is required with MessageConfiguration.CustomMessage"
        ),
        (
            #""CustomDeliveryConfiguration": {"DeliveryUri": "ftp://x"}"#, "",
            "CustomDeliveryConfiguration.DeliveryUri must be a URL that begins with https://"
        ),
        (
            #""CustomDeliveryConfiguration": {"DeliveryUri": "f", "EndpointTypes": ["FAX"]}"#, "",
            "CustomDeliveryConfiguration.EndpointTypes[0] must be one of"
        ),
        (#""Limits": {"Daily": 101}"#, "", "Limits.Daily must be between 0 and 100"),
        (#""Limits": {"Total": -1}"#, "", "Limits.Total must be between 0 and 100"),
        (#""Limits": {"MaximumDuration": 59}"#, "", "Limits.MaximumDuration must be at least 60, or 0 for no limit"),
        (#""Limits": {"MessagesPerSecond": 20001}"#, "", "Limits.MessagesPerSecond must be between 1 and 20000"),
        (#""IsPaused": true"#, "", "IsPaused must be false for a campaign that starts IMMEDIATE"),
        (
            #""HoldoutPercent": 60, "AdditionalTreatments": [{"SizePercent": 41, "MessageConfiguration": \#(email)}]"#,
            "", "got 101"
        ),
        (#""AdditionalTreatments": [{"SizePercent": 10}]"#, "", "AdditionalTreatments[0].MessageConfiguration or"),
        (
            #""AdditionalTreatments": [{"SizePercent": 1, "MessageConfiguration": {"CustomMessage": {}}}]"#, "",
            "AdditionalTreatments[0].CustomDeliveryConfiguration is required"
        ),
        (
            #""AdditionalTreatments": [{"SizePercent": 1, "MessageConfiguration": \#(email), "Schedule": {"StartTime": "soon"}}]"#,
            "", "AdditionalTreatments[0].Schedule.StartTime must be IMMEDIATE or"
        ),
        (
            #""TemplateConfiguration": {"VoiceTemplate": {"Name": "v", "Version": "two"}}"#, "",
            "TemplateConfiguration.VoiceTemplate.Version must be a version number or latest"
        ),
        (
            #""TemplateConfiguration": {"InAppTemplate": {"Name": "v"}}"#, "",
            "TemplateConfiguration.InAppTemplate is for campaigns whose Frequency is IN_APP_EVENT only"
        ),
        (
            #""TemplateConfiguration": {"PushTemplate": {"Name": "p", "Version": "0"}}"#, "",
            "TemplateConfiguration.PushTemplate.Version must be a version number or latest"
        ),
        (
            #""MessageConfiguration": {"DefaultMessage": {}}"#, "",
            "MessageConfiguration or TemplateConfiguration must say"
        ),
        (
            #""MessageConfiguration": {"GCMMessage": {"RawContent": "\#(String(repeating: "x", count: 4001))"}}"#, "",
            "MessageConfiguration.GCMMessage.RawContent must have at most 4000 characters; got 4001"
        ),
        (
            #""MessageConfiguration": {"ADMMessage": {"Body": "\#(String(repeating: "x", count: 201))"}}"#, "",
            "MessageConfiguration.ADMMessage.Body must have at most 200"
        ),
        (
            #""MessageConfiguration": {"SMSMessage": {"Body": "\#(String(repeating: "x", count: 1601))"}}"#, "",
            "MessageConfiguration.SMSMessage.Body must have at most 1600"
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
        (#""Needletail": {"Purpose": "FUN"}"#, "", "Needletail.Purpose must be MARKETING or TRANSACTIONAL"),
        (#""Needletail": {"Policy": "AT_MOST_ONCE"}"#, "", "Needletail.Policy is not known"),
    ])
    func `what cannot be is refused by name`(members: String, without: String, message: String) {
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
        #""Needletail": {"DeliveryPolicy": "AT_LEAST_ONCE", "Purpose": "TRANSACTIONAL"}, "Priority": 3"#,
        #""Schedule": {"StartTime": "IMMEDIATE", "QuietTime": {"Start": "22:00", "End": "08:00"}}"#,
        #""Hook": {"LambdaFunctionName": "f", "WebUrl": "", "Mode": "FILTER"}"#,
        #""Hook": {"LambdaFunctionName": "arn:aws:lambda:us-east-1:123456789012:function:f:live"}"#,
        #""Hook": {"WebUrl": "https://hooks.example.com:8443/a_b~c?x#y"}"#,
        #""Limits": {"Daily": 100, "Total": 100, "MaximumDuration": 60, "MessagesPerSecond": 20000, "Session": 9}"#,
        #""MessageConfiguration": {"CustomMessage": {"Data": "x"}}, "CustomDeliveryConfiguration": {"DeliveryUri": "f:1", "EndpointTypes": ["EMAIL"]}"#,
        #""MessageConfiguration": {"SMSMessage": {"Body": "x", "MessageType": "TRANSACTIONAL"}}"#,
        #""MessageConfiguration": {"ADMMessage": {"RawContent": "\#(String(repeating: "x", count: 6000))"}}"#,
        #""TemplateConfiguration": {"PushTemplate": {"Name": "p"}, "SMSTemplate": {"Name": "s", "Version": "2"}}, "MessageConfiguration": null"#,
    ])
    func `what Pinpoint's samples write is taken`(members: String) throws {
        _ = try definition(members)
    }

    @Test func `a start time with an offset is the instant it names`() throws {
        let start = try definition(#""Schedule": {"StartTime": "1998-07-01T02:00:00+02:00"}"#).schedule.start
        #expect(start == .at(Instant(seconds: 899_251_200)))
    }
}
