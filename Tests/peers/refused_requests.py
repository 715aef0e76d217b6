"""Bad input: each case gets the documented status and code, and a message that names what is wrong.

usage: refused_requests.py APP    APP exists; nothing that is sent here may be stored
"""

import json
import sys

from pinpoint_peer import KEY, SECRET, check, equal, finish, plain, signed

APP = sys.argv[1]
A = f"/v1/apps/{APP}"
MISSING = "0" * 32
EMAIL = {"ChannelType": "EMAIL", "Address": "a@example.com"}
SCHEDULE = {"StartTime": "2099-01-01T00:00:00Z"}
MESSAGE = {"EmailMessage": {"Title": "t", "HtmlBody": "h"}}
BAD, FORBIDDEN, LARGE = (400, "BadRequestException"), 403, (413, "PayloadTooLargeException")
NOT_FOUND = (404, "NotFoundException")


def expect(what, answer, status, code, message=""):
    if not equal((answer.status, answer.headers.get("x-amzn-ErrorType")), (status, code), what):
        print("  body:", answer.body[:400], flush=True)
        return
    body = answer.json
    equal(sorted(body), ["Message", "RequestID"], f"{what}: the body has Pinpoint's members")
    equal(body["RequestID"], answer.headers.get("x-amzn-RequestId"), f"{what}: one request id")
    check(message in body["Message"], f"{what}: the message says {message!r}", body["Message"])
    check(SECRET not in body["Message"], f"{what}: no secret in the message")


def refuse(what, method, target, body, expected, message=""):
    if not isinstance(body, bytes):
        body = json.dumps(body).encode() if body is not None else b""
    expect(what, signed(method, target, body, headers={"Content-Type": "application/json"}), *expected, message)


def signatures():
    body = b'{"Name":"x"}'
    post = {"method": "POST", "target": "/v1/apps", "body": body}
    mismatch = "signature we calculated does not match"
    expect("a wrong secret", signed(**post, secret="wrong" * 8), FORBIDDEN, "InvalidSignatureException", mismatch)
    expect(
        "an unknown key",
        signed(**post, key="NTKNOBODYNOBODYNOBOD"),
        FORBIDDEN,
        "UnrecognizedClientException",
        "invalid",
    )
    expect("a tampered body", signed(**post, sent=b'{"Name":"y"}'), FORBIDDEN, "InvalidSignatureException", mismatch)
    expect("a stale date", signed(**post, at=-330), FORBIDDEN, "InvalidSignatureException", "Signature expired")
    expect("a date ahead", signed(**post, at=330), FORBIDDEN, "InvalidSignatureException", "not yet current")
    expect(
        "another service's signature", signed(**post, service="s3"), FORBIDDEN, "InvalidSignatureException", "service"
    )
    expect("no signature", plain("POST", "/v1/apps", body), FORBIDDEN, "MissingAuthenticationTokenException", "Token")
    expect("no signature on a read", plain("GET", f"{A}/endpoints/x"), FORBIDDEN, "MissingAuthenticationTokenException")
    expect(
        "an unknown API key",
        plain("GET", A, headers={"Authorization": "Bearer nobody"}),
        FORBIDDEN,
        "UnrecognizedClientException",
    )
    expect(
        "half a signature",
        plain("GET", A, headers={"Authorization": f"AWS4-HMAC-SHA256 Credential={KEY}"}),
        FORBIDDEN,
        "IncompleteSignatureException",
    )
    # Signed for one path, sent to another.
    answer = signed("GET", f"{A}/endpoints/x")
    equal(answer.status, 404, "the same key is good for a sound request")


def routes():
    refuse("an unknown route", "GET", "/v1/nothing", None, NOT_FOUND)
    refuse(
        "an internal route from outside", "GET", f"/internal/apps/{APP}/segments/{MISSING}/resolved", None, NOT_FOUND
    )
    refuse("the metrics from outside", "GET", "/metrics", None, NOT_FOUND)
    refuse("a wrong method", "PATCH", "/v1/apps", None, (405, "MethodNotAllowedException"))
    refuse("an id that is not UTF-8", "GET", f"{A}/endpoints/%FF", None, BAD, "endpoint-id")
    refuse("an id with a NUL", "GET", f"{A}/endpoints/a%00b", None, BAD)
    for what, target in [("a page size that is no number", "page-size=many"), ("a page size of 0", "page-size=0")]:
        refuse(what, "GET", f"/v1/apps?{target}", None, BAD, "page-size")
    refuse("a token that nobody gave", "GET", "/v1/apps?token=abc", None, BAD, "token")
    for what, method, target, body in [
        ("app", "GET", "", None),
        ("app to delete", "DELETE", "", None),
        ("app of an endpoint", "PUT", "/endpoints/x", EMAIL),
        ("app of events", "POST", "/events", {"BatchItem": {}}),
        ("app of segments", "GET", "/segments", None),
        ("app of campaigns", "GET", "/campaigns", None),
        ("app of key figures", "GET", "/kpis/daterange/unique-deliveries", None),
        ("app of settings", "GET", "/settings", None),
    ]:
        refuse(f"a missing {what}", method, f"/v1/apps/{MISSING}{target}", body, NOT_FOUND, "Application not found")
        refuse(f"a malformed id: {what}", method, f"/v1/apps/X'--{target}", body, NOT_FOUND, "Application not found")
    for what, target in [
        ("segment", "segments"),
        ("campaign", "campaigns"),
        ("endpoint", "endpoints"),
        ("user", "users"),
    ]:
        refuse(f"a missing {what}", "GET", f"{A}/{target}/{MISSING}", None, NOT_FOUND, "Resource not found")


def bodies():
    """What every route shares, tried on one of each process."""
    for process, method, target in [
        ("campaign-scheduler", "POST", "/v1/apps"),
        ("ingest-api", "PUT", f"{A}/endpoints/bad"),
        ("ingest-api", "POST", f"{A}/events"),
        ("segment-service", "POST", f"{A}/segments"),
    ]:
        for what, body, message in [
            ("an empty body", b"", "body is empty"),
            ("cut JSON", b'{"Name":', "Malformed JSON"),
            ("JSON with a tail", b"{} {}", "Malformed JSON"),
            ("a list for an object", b"[]", "must be a JSON object"),
            ("a NUL", b'{"Name":"a\\u0000b"}', "U+0000"),
            ("a bare NUL byte", b'{"Name":"a\x00b"}', "control character"),
            ("invalid UTF-8", b'{"Name":"\xff\xfe"}', "UTF-8"),
            ("half a surrogate pair", b'{"Name":"\\ud800"}', "surrogate"),
            ("a member twice", b'{"Name":"a","Name":"b"}', "twice"),
            ("deep nesting", b'{"x":' + b"[" * 9000, "nested"),
            ("a number that is none", b'{"Name":01}', "number"),
        ]:
            refuse(f"{what} to {process} {target[-10:]}", method, target, body, BAD, message)
    padding = b'{"Name":"' + b"x" * (5 << 20) + b'"}'
    refuse("5 MB of events", "POST", f"{A}/events", padding, LARGE)
    refuse("7.5 MB for ingest-api", "PUT", f"{A}/endpoints/bad", b'{"Address":"' + b"x" * (15 << 19) + b'"}', LARGE)
    refuse("7.5 MB for segment-service", "POST", f"{A}/segments", b'{"Name":"' + b"x" * (15 << 19) + b'"}', LARGE)
    refuse("more than 8 MB", "PUT", f"{A}/endpoints/bad", b"x" * ((8 << 20) + 1), LARGE)


def endpoints():
    put = ("PUT", f"{A}/endpoints/bad")
    for what, body, message in [
        ("no address", {"ChannelType": "EMAIL"}, "Missing Address"),
        ("an unknown channel", EMAIL | {"ChannelType": "FAX"}, "ChannelType"),
        ("an unknown OptOut", EMAIL | {"OptOut": "SOME"}, "OptOut must be one of ALL, NONE"),
        ("an attribute that is no list", EMAIL | {"Attributes": {"tier": "gold"}}, "Attributes.tier"),
        ("a value that is no string", EMAIL | {"Attributes": {"tier": [5]}}, "Attributes.tier[0]"),
        ("a metric that is no number", EMAIL | {"Metrics": {"n": "5"}}, "Metrics.n"),
        ("a long name", EMAIL | {"Attributes": {"x" * 51: ["v"]}}, "Attributes."),
        ("a long value", EMAIL | {"Attributes": {"x": ["v" * 101]}}, "Attributes.x[0]"),
        ("too many values", EMAIL | {"Attributes": {"x": ["v"] * 51}}, "Attributes.x"),
        ("too many attributes", EMAIL | {"Attributes": {f"x{n}": ["v"] for n in range(251)}}, "Attributes"),
        ("a bad date", EMAIL | {"EffectiveDate": "yesterday"}, "EffectiveDate"),
        ("user attributes of nobody", EMAIL | {"User": {"UserAttributes": {"a": ["b"]}}}, "User.UserId"),
        ("an unknown extension", EMAIL | {"Needletail": {"x": 1}}, "Needletail.x"),
        ("more than 15 KB", EMAIL | {"Attributes": {f"x{n}": ["v" * 90] * 50 for n in range(9)}}, "large"),
    ]:
        refuse(f"an endpoint with {what}", *put, body, BAD, message)
    refuse(
        "a batch of 101", "PUT", f"{A}/endpoints", {"Item": [EMAIL | {"Id": str(n)} for n in range(101)]}, BAD, "Item"
    )
    refuse("a batch item without Id", "PUT", f"{A}/endpoints", {"Item": [EMAIL]}, BAD, "Item[0].Id is required")
    refuse("an id of 3 KB", "PUT", f"{A}/endpoints/{'x' * 3000}", EMAIL, BAD, "EndpointId")


def events():
    for what, body, message in [
        ("no batch", {}, "BatchItem is required"),
        ("a batch that is no object", {"BatchItem": []}, "BatchItem must be"),
        ("no endpoint", {"BatchItem": {"bad": {"Events": {}}}}, "BatchItem.bad.Endpoint is required"),
        (
            "101 events",
            {
                "BatchItem": {
                    "bad": {
                        "Endpoint": {},
                        "Events": {str(n): {"EventType": "x", "Timestamp": "2026-01-02T03:04:05Z"} for n in range(101)},
                    }
                }
            },
            "100 events",
        ),
    ]:
        refuse(f"PutEvents with {what}", "POST", f"{A}/events", body, BAD, message)
    at = {"EventType": "x", "Timestamp": "2026-01-02T03:04:05Z"}
    cases = {
        "type": ({"Timestamp": at["Timestamp"]}, "EventType is required"),
        "time": ({"EventType": "x"}, "Timestamp is required"),
        "format": (at | {"Timestamp": 1700000000}, "Timestamp"),
        "future": (at | {"Timestamp": "2999-01-01T00:00:00Z"}, "future"),
        "attribute": (at | {"Attributes": {"a": ["list"]}}, "Attributes.a"),
        "metric": (at | {"Metrics": {"m": "1"}}, "Metrics.m"),
        "session": (at | {"Session": {"Id": "s"}}, "Session.StartTimestamp"),
        "name": (at | {"Attributes": {"a" * 51: "v"}}, "50"),
        "value": (at | {"Attributes": {"a": "v" * 201}}, "200"),
    }
    body = {"BatchItem": {"bad": {"Endpoint": {}, "Events": {key: event for key, (event, _) in cases.items()}}}}
    answer = signed("POST", f"{A}/events", json.dumps(body).encode(), headers={"Content-Type": "application/json"})
    equal(answer.status, 202, "bad events are answered one by one")
    results = answer.json["Results"]["bad"]["EventsItemResponse"]
    for key, (_, message) in cases.items():
        equal(results[key]["StatusCode"], 400, f"an event with a bad {key}")
        check(message in results[key]["Message"], f"an event with a bad {key}: the message", results[key]["Message"])


def audience():
    post = ("POST", f"{A}/segments")
    for what, body, message in [
        ("neither dimensions nor groups", {"Name": "s"}, "Dimensions or SegmentGroups"),
        (
            "an unknown operator",
            {"Dimensions": {"Metrics": {"n": {"ComparisonOperator": "NEAR", "Value": 1}}}},
            "Dimensions.Metrics.n.ComparisonOperator",
        ),
        (
            "a missing value",
            {"Dimensions": {"Metrics": {"n": {"ComparisonOperator": "EQUAL"}}}},
            "Dimensions.Metrics.n.Value",
        ),
        (
            "an unknown attribute type",
            {"Dimensions": {"Attributes": {"a": {"AttributeType": "LIKE", "Values": ["x"]}}}},
            "AttributeType",
        ),
        (
            "a date that is none",
            {"Dimensions": {"Attributes": {"a": {"AttributeType": "BEFORE", "Values": ["soon"]}}}},
            "Values",
        ),
        (
            "a source that does not exist",
            {"SegmentGroups": {"Groups": [{"SourceSegments": [{"Id": MISSING}]}]}},
            "Segment",
        ),
        ("a name of 257", {"Name": "x" * 257, "Dimensions": {}}, "Name must have"),
        ("an unknown extension", {"Dimensions": {}, "Needletail": {"x": 1}}, "Needletail.x"),
    ]:
        refuse(f"a segment with {what}", *post, body, BAD, message)


def control():
    for what, body, message in [
        ("no name", {}, "Name is required"),
        ("a number for a name", {"Name": 5}, "Name must be a string"),
        ("a name of 257", {"Name": "x" * 257}, "Name must have"),
        ("no name at all", {"Name": ""}, "Name"),
        ("a reserved tag", {"Name": "x", "tags": {"aws:x": "y"}}, "aws:"),
        ("51 tags", {"Name": "x", "tags": {str(n): "y" for n in range(51)}}, "tags"),
    ]:
        refuse(f"an app with {what}", "POST", "/v1/apps", body, BAD, message)
    refuse(
        "quiet time at 25:00",
        "PUT",
        f"{A}/settings",
        {"QuietTime": {"Start": "25:00", "End": "06:00"}},
        BAD,
        "QuietTime.Start",
    )
    refuse("a limit out of range", "PUT", f"{A}/settings", {"Limits": {"Daily": 101}}, BAD, "Limits.Daily")
    refuse("a channel without sender", "PUT", f"{A}/channels/email", {"Identity": "i"}, BAD, "FromAddress is required")
    refuse(
        "a sender that is no address",
        "PUT",
        f"{A}/channels/email",
        {"FromAddress": "x\r\nBcc: y", "Identity": "i"},
        BAD,
        "FromAddress",
    )
    refuse("tags of no ARN", "GET", "/v1/tags/nothing", None, BAD, "resource-arn")
    refuse("an unknown key figure", "GET", f"{A}/kpis/daterange/luck", None, BAD, "kpi-name")
    for what, name, body, message in [
        ("a broken body", "t", {"Subject": "s", "HtmlPart": "{{#if}"}, "HtmlPart"),
        ("a line break in its subject", "t", {"Subject": "a\r\nBcc: b", "TextPart": "x"}, "Subject"),
        (
            "defaults that are no object",
            "t",
            {"Subject": "s", "TextPart": "x", "DefaultSubstitutions": "[]"},
            "DefaultSubstitutions",
        ),
        ("a name that is none", "-t", {"Subject": "s", "TextPart": "x"}, "template-name"),
    ]:
        refuse(f"a template with {what}", "POST", f"/v1/templates/{name}/email", body, BAD, message)


def campaigns():
    good = {"Name": "c", "SegmentId": MISSING, "Schedule": SCHEDULE, "MessageConfiguration": MESSAGE}
    for what, body, message in [
        ("no segment", {"Schedule": SCHEDULE, "MessageConfiguration": MESSAGE}, "SegmentId is required"),
        ("a segment that does not exist", good, "SegmentId"),
        ("no schedule", good | {"Schedule": None}, "Schedule is required"),
        ("a start that is no time", good | {"Schedule": {"StartTime": "soon"}}, "Schedule.StartTime"),
        ("an unknown frequency", good | {"Schedule": SCHEDULE | {"Frequency": "NEVER"}}, "Schedule.Frequency"),
        ("a zone that is none", good | {"Schedule": SCHEDULE | {"Timezone": "Mars"}}, "Schedule.Timezone"),
        (
            "nothing to send",
            {key: value for key, value in good.items() if key != "MessageConfiguration"},
            "MessageConfiguration",
        ),
        ("a holdout of 101", good | {"HoldoutPercent": 101}, "HoldoutPercent"),
        (
            "treatments of 110 %",
            good
            | {"HoldoutPercent": 20, "AdditionalTreatments": [{"SizePercent": 90, "MessageConfiguration": MESSAGE}]},
            "AdditionalTreatments",
        ),
        (
            "a treatment without size",
            good | {"AdditionalTreatments": [{"MessageConfiguration": MESSAGE}]},
            "AdditionalTreatments[0].SizePercent is required",
        ),
        ("an unknown extension", good | {"Needletail": {"Policy": "x"}}, "Needletail.Policy"),
        ("an unknown policy", good | {"Needletail": {"DeliveryPolicy": "TWICE"}}, "Needletail.DeliveryPolicy"),
        ("an unknown purpose", good | {"Needletail": {"Purpose": "FUN"}}, "Needletail.Purpose"),
        ("a daily cap of 101", good | {"Limits": {"Daily": 101}}, "Limits.Daily"),
        ("a run of 59 seconds", good | {"Limits": {"MaximumDuration": 59}}, "Limits.MaximumDuration"),
        ("a hook of two kinds", good | {"Hook": {"LambdaFunctionName": "f", "WebUrl": "https://a"}}, "Hook must have"),
        ("a hook without TLS", good | {"Hook": {"WebUrl": "http://a"}}, "Hook.WebUrl must be a URL"),
        ("a hook that delivers", good | {"Hook": {"LambdaFunctionName": "f", "Mode": "DELIVERY"}}, "Hook.Mode must be"),
        (
            "a custom message for nobody",
            good | {"MessageConfiguration": {"CustomMessage": {"Data": "x"}}},
            "CustomDeliveryConfiguration is required",
        ),
        ("a long SMS", good | {"MessageConfiguration": {"SMSMessage": {"Body": "x" * 1601}}}, "SMSMessage.Body must have"),
        (
            "a voice template of no version",
            good | {"TemplateConfiguration": {"VoiceTemplate": {"Name": "v", "Version": "two"}}},
            "TemplateConfiguration.VoiceTemplate.Version must be a version number or latest",
        ),
    ]:
        refuse(f"a campaign with {what}", "POST", f"{A}/campaigns", body, BAD, message)


def links():
    for target in ("/t/o/forged.gif", "/t/c/forged", "/t/c/" + "A" * 4000):
        expect(f"a forged link {target[:12]}", plain("GET", target), *NOT_FOUND)
    # People follow these, so a broken one is a page.
    for method, body in (("GET", b""), ("POST", b"List-Unsubscribe=One-Click")):
        answer = plain(method, "/u/forged", body)
        equal(answer.status, 404, f"{method} of a forged unsubscribe link")
        equal(answer.headers.get("Content-Type", "").split(";")[0], "text/html", f"{method} of it is a page")


for story in (signatures, routes, bodies, endpoints, events, audience, control, campaigns, links):
    story()
finish()
