"""A full, valid request of every write of campaigns and templates: each member that the service model knows, with a value that is
accepted. {segment} is to fill in; the templates are named `sample`."""

SET = {"DimensionType": "INCLUSIVE", "Values": ["purchase"]}
MESSAGE = {
    "Action": "DEEP_LINK",
    "Body": "Hej {{User.UserId}}",
    "ImageIconUrl": "https://example.com/icon.png",
    "ImageSmallIconUrl": "https://example.com/small.png",
    "ImageUrl": "https://example.com/image.png",
    "JsonBody": '{"a": 1}',
    "MediaUrl": "https://example.com/media.mp4",
    "RawContent": '{"aps": {"alert": "x"}}',
    "SilentPush": False,
    "TimeToLive": 60,
    "Title": "T {{Attributes.plan}}",
    "Url": "app://x",
}
SHOWN = {
    "BackgroundColor": "#FFFFFF",
    "BodyConfig": {"Alignment": "LEFT", "Body": "Text", "TextColor": "#000000"},
    "HeaderConfig": {"Alignment": "CENTER", "Header": "Tack ✂", "TextColor": "#000000"},
    "ImageUrl": "https://example.com/image.png",
    "PrimaryBtn": {
        "Android": {"ButtonAction": "DEEP_LINK", "Link": "app://more"},
        "DefaultConfig": {
            "BackgroundColor": "#000000",
            "BorderRadius": 4,
            "ButtonAction": "LINK",
            "Link": "https://example.com",
            "Text": "More",
            "TextColor": "#FFFFFF",
        },
        "IOS": {"ButtonAction": "CLOSE", "Link": "x"},
        "Web": {"ButtonAction": "CLOSE", "Link": "x"},
    },
}
SHOWN["SecondaryBtn"] = SHOWN["PrimaryBtn"]
HEADERS = [{"Name": "X-Team", "Value": "growth {{Id}}"}]
MESSAGES = {
    "ADMMessage": MESSAGE,
    "APNSMessage": MESSAGE,
    "BaiduMessage": MESSAGE,
    "CustomMessage": {"Data": "anything"},
    "DefaultMessage": MESSAGE,
    "EmailMessage": {
        "Body": "text",
        "FromAddress": "Shop <shop@example.com>",
        "Headers": HEADERS,
        "HtmlBody": "<p>{{Address}}</p>",
        "Title": "Hej {{User.UserId}}",
    },
    "GCMMessage": MESSAGE,
    "SMSMessage": {
        "Body": "Hej {{User.UserId}}",
        "EntityId": "e",
        "MessageType": "PROMOTIONAL",
        "OriginationNumber": "+46700000000",
        "SenderId": "SHOP",
        "TemplateId": "t",
    },
}
TEMPLATES = {
    "EmailTemplate": {"Name": "sample", "Version": "1"},
    "PushTemplate": {"Name": "sample", "Version": "latest"},
    "SMSTemplate": {"Name": "sample", "Version": "1"},
}
DELIVERY = {"DeliveryUri": "arn:aws:lambda:us-east-1:123456789012:function:f", "EndpointTypes": ["CUSTOM", "VOICE"]}
SCHEDULE = {
    "EndTime": "2099-06-02T03:04:05Z",
    "Frequency": "WEEKLY",
    "IsLocalTime": True,
    "QuietTime": {"End": "06:00", "Start": "22:00"},
    "StartTime": "2099-01-02T03:04:05Z",
    "Timezone": "UTC+05:30",
}
CAMPAIGN = {
    "AdditionalTreatments": [
        {
            "CustomDeliveryConfiguration": DELIVERY,
            "MessageConfiguration": MESSAGES,
            "Schedule": SCHEDULE | {"Frequency": "MONTHLY", "StartTime": "2099-01-31T03:04:05Z"},
            "SizePercent": 45,
            "TemplateConfiguration": TEMPLATES,
            "TreatmentDescription": "the other",
            "TreatmentName": "B",
        }
    ],
    "CustomDeliveryConfiguration": DELIVERY,
    "Description": "of a test",
    "HoldoutPercent": 10,
    # A hook has one of the two; empty is how clients write what they leave out.
    "Hook": {"LambdaFunctionName": "filter:live", "Mode": "FILTER", "WebUrl": ""},
    "IsPaused": True,
    "Limits": {"Daily": 1, "MaximumDuration": 3600, "MessagesPerSecond": 50, "Session": 2, "Total": 9},
    "MessageConfiguration": MESSAGES,
    "Name": "every member",
    "Priority": 3,
    "Schedule": SCHEDULE,
    "SegmentId": "{segment}",
    "SegmentVersion": 1,
    "TemplateConfiguration": TEMPLATES,
    "TreatmentDescription": "the first",
    "TreatmentName": "A",
    "tags": {"a": "b"},
}
# Fetched by clients instead of sent.
IN_APP = {
    "Limits": {"Daily": 2, "Session": 1, "Total": 3},
    "MessageConfiguration": {
        "InAppMessage": {"Body": "b", "Content": [SHOWN], "CustomConfig": {"k": "v"}, "Layout": "TOP_BANNER"}
    },
    "Name": "in the app",
    "Schedule": SCHEDULE
    | {
        "EventFilter": {
            "Dimensions": {
                "Attributes": {"sku": {"AttributeType": "INCLUSIVE", "Values": ["a"]}},
                "EventType": SET,
                "Metrics": {"price": {"ComparisonOperator": "GREATER_THAN", "Value": 1.5}},
            },
            "FilterType": "ENDPOINT",
        },
        "Frequency": "IN_APP_EVENT",
        # Its clients have clocks of their own anyway.
        "IsLocalTime": False,
    },
    "SegmentId": "{segment}",
    "TemplateConfiguration": {"InAppTemplate": {"Name": "sample", "Version": "1"}},
}
# What Pinpoint's model has and its service takes in no campaign; ours does, in voice_story.py.
NOWHERE = {"TemplateConfiguration.VoiceTemplate.Name", "TemplateConfiguration.VoiceTemplate.Version"}

ANDROID = {
    "Action": "URL",
    "Body": "{{Attributes.plan}}",
    "ImageIconUrl": "https://example.com/i",
    "ImageUrl": "https://example.com/i",
    "RawContent": "{}",
    "SmallImageIconUrl": "https://example.com/i",
    "Sound": "s",
    "Title": "T",
    "Url": "https://example.com",
}
COMMON = {"DefaultSubstitutions": '{"User.UserId": "du"}', "TemplateDescription": "of a test", "tags": {"t": "1"}}
RECOMMENDED = COMMON | {"RecommenderId": "0123456789abcdef0123456789abcdef"}
# Kind: the SDK's word for it, its request.
TEMPLATE_REQUESTS = {
    "EMAIL": ("Email", RECOMMENDED | {"Headers": HEADERS, "HtmlPart": "<p>h</p>", "Subject": "S", "TextPart": "t"}),
    "SMS": ("Sms", RECOMMENDED | {"Body": "Hej {{User.UserId}}"}),
    "PUSH": (
        "Push",
        RECOMMENDED
        | {
            "ADM": ANDROID,
            "APNS": {"Action": "OPEN_APP", "Body": "B", "MediaUrl": "m", "RawContent": "{}", "Sound": "s", "Title": "T", "Url": "u"},
            "Baidu": ANDROID,
            "Default": {"Action": "DEEP_LINK", "Body": "B", "Sound": "s", "Title": "T", "Url": "app://x"},
            "GCM": ANDROID,
        },
    ),
    "VOICE": ("Voice", COMMON | {"Body": "Hej", "LanguageCode": "sv-SE", "VoiceId": "Astrid"}),
    "INAPP": (
        "InApp",
        {
            "Content": [SHOWN],
            "CustomConfig": {"a": "b"},
            "Layout": "CAROUSEL",
            "TemplateDescription": "of a test",
            "tags": {"t": "1"},
        },
    ),
}

WRITES = [
    (f"Create{word}Template", "POST", f"/v1/templates/sample/{kind.lower()}", request)
    for kind, (word, request) in TEMPLATE_REQUESTS.items()
] + [
    ("UpdateTemplateActiveVersion", "PUT", "/v1/templates/sample/EMAIL/active-version", {"Version": "1"}),
    ("CreateCampaign", "POST", "/v1/apps/{app}/campaigns", CAMPAIGN),
    ("CreateCampaign", "POST", "/v1/apps/{app}/campaigns", IN_APP),
]
