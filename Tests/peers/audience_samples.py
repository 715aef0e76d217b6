"""A full, valid request of every write of the audience: each member that the service model knows, with a value that is accepted.

`WRITES` is (operation, method, target, body), `BEYOND` the same for what is ours alone; targets have {app}, {arn}, {endpoint} and {segment} to fill in.
"""

import datetime

NOW = datetime.datetime.now(datetime.timezone.utc)
TIME = NOW.strftime("%Y-%m-%dT%H:%M:%S.000Z")

ENDPOINT = {
    "Address": "sample@example.com",
    "Attributes": {"tier": ["gold", "old"]},
    "ChannelType": "EMAIL",
    "Demographic": {
        "AppVersion": "1.0",
        "Locale": "sv_SE",
        "Make": "Apple",
        "Model": "iPhone",
        "ModelVersion": "12",
        "Platform": "ios",
        "PlatformVersion": "17",
        "Timezone": "Europe/Stockholm",
    },
    "EffectiveDate": TIME,
    "EndpointStatus": "ACTIVE",
    "Location": {
        "City": "Lund",
        "Country": "SE",
        "Latitude": 55.7,
        "Longitude": 13.2,
        "PostalCode": "22100",
        "Region": "Skåne",
    },
    "Metrics": {"visits": 3.5},
    "OptOut": "NONE",
    "RequestId": "r-1",
    "User": {"UserId": "sample-user", "UserAttributes": {"plan": ["free"]}},
}

EVENT = {
    "AppPackageName": "com.example",
    "AppTitle": "Example",
    "AppVersionCode": "7",
    "Attributes": {"sku": "a-1"},
    "ClientSdkVersion": "1.2",
    "EventType": "purchase",
    "Metrics": {"price": 9.5},
    "SdkName": "sdk",
    "Session": {"Duration": 1000, "Id": "s", "StartTimestamp": TIME, "StopTimestamp": TIME},
    "Timestamp": TIME,
}

ATTRIBUTE = {"AttributeType": "INCLUSIVE", "Values": ["gold"]}
SET = {"DimensionType": "INCLUSIVE", "Values": ["x"]}
DIMENSIONS = {
    "Attributes": {"tier": ATTRIBUTE},
    "Behavior": {"Recency": {"Duration": "DAY_7", "RecencyType": "ACTIVE"}},
    "Demographic": {
        "AppVersion": SET,
        "Channel": SET | {"Values": ["EMAIL"]},
        "DeviceType": SET,
        "Make": SET,
        "Model": SET,
        "Platform": SET,
    },
    "Location": {
        "Country": SET,
        "GPSPoint": {"Coordinates": {"Latitude": 55.7, "Longitude": 13.2}, "RangeInKilometers": 10.5},
    },
    "Metrics": {"visits": {"ComparisonOperator": "GREATER_THAN", "Value": 1.5}},
    "UserAttributes": {"plan": ATTRIBUTE},
}
BY_DIMENSIONS = {"Dimensions": DIMENSIONS, "Name": "by dimensions", "tags": {"a": "b"}}
BY_GROUPS = {
    "Name": "by groups",
    "SegmentGroups": {
        "Groups": [
            {
                "Dimensions": [DIMENSIONS],
                "SourceSegments": [{"Id": "{segment}", "Version": 1}],
                "SourceType": "ANY",
                "Type": "ALL",
            }
        ],
        "Include": "ALL",
    },
}

# Beyond Pinpoint, so that no service model knows them: their kinds are those of the values here.
STEP = {"EventType": "visit", "Attributes": {"page": ATTRIBUTE}, "Metrics": {"seconds": {"ComparisonOperator": "EQUAL", "Value": 1.5}}}
EXTENSIONS = {
    "Behaviors": [
        {
            "AtLeast": 1,
            "Attributes": {"sku": ATTRIBUTE},
            "Days": 30,
            "EventType": "purchase",
            "Metrics": {"price": {"ComparisonOperator": "GREATER_THAN", "Value": 1.5}},
            "Scope": "USER",
        }
    ],
    "Sequences": [{"Absent": True, "Days": 30, "Scope": "ENDPOINT", "Steps": [STEP, STEP | {"EventType": "buy"}], "WithinSeconds": 60}],
    "Dates": [{"Anniversary": True, "Attribute": "birthday", "FromDays": 3, "Source": "USER", "ToDays": 5}],
    "Percentage": {"From": 0, "Salt": "x", "To": 50},
}
BY_EXTENSIONS = {
    "Dimensions": {},
    "Name": "by extensions",
    "Needletail": EXTENSIONS,
}

SETTINGS = {
    # A hook has one of the two; empty is how clients write what they leave out.
    "CampaignHook": {"LambdaFunctionName": "f", "Mode": "FILTER", "WebUrl": ""},
    "CloudWatchMetricsEnabled": True,
    "EventTaggingEnabled": True,
    "Limits": {"Daily": 1, "MaximumDuration": 60, "MessagesPerSecond": 100, "Total": 1, "Session": 1},
    "QuietTime": {"End": "06:00", "Start": "22:00"},
    "JourneyLimits": {"DailyCap": 1, "TimeframeCap": {"Cap": 1, "Days": 1}, "TotalCap": 1},
}

WRITES = [
    ("UpdateEndpoint", "PUT", "/v1/apps/{app}/endpoints/{endpoint}", ENDPOINT),
    ("UpdateEndpointsBatch", "PUT", "/v1/apps/{app}/endpoints", {"Item": [ENDPOINT | {"Id": "sample"}]}),
    (
        "PutEvents",
        "POST",
        "/v1/apps/{app}/events",
        {"BatchItem": {"sample": {"Endpoint": ENDPOINT, "Events": {"e1": EVENT}}}},
    ),
    ("CreateSegment", "POST", "/v1/apps/{app}/segments", BY_DIMENSIONS),
    ("CreateSegment", "POST", "/v1/apps/{app}/segments", BY_GROUPS),
    ("UpdateSegment", "PUT", "/v1/apps/{app}/segments/{segment}", BY_DIMENSIONS),
    ("CreateApp", "POST", "/v1/apps", {"Name": "sample", "tags": {"a": "b"}}),
    ("UpdateApplicationSettings", "PUT", "/v1/apps/{app}/settings", SETTINGS),
    ("TagResource", "POST", "/v1/tags/{arn}", {"tags": {"a": "b"}}),
]

BEYOND = [
    ("CreateSegment", "POST", "/v1/apps/{app}/segments", BY_EXTENSIONS),
    ("EstimateSegment", "POST", "/v1/apps/{app}/segments/estimate", BY_EXTENSIONS),
]


def filled(value, places):
    """The sample with {app}, {endpoint} and {segment} put in, at any depth."""
    if isinstance(value, str):
        for name, text in places.items():
            value = value.replace("{" + name + "}", text)
        return value
    if isinstance(value, dict):
        return {key: filled(item, places) for key, item in value.items()}
    if isinstance(value, list):
        return [filled(item, places) for item in value]
    return value
