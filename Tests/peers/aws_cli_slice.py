"""The slice by the AWS command line, unmodified: only AWS_ENDPOINT_URL_PINPOINT says where Pinpoint is."""

import json
import subprocess

from pinpoint_peer import check, equal, eventually, finish


def run(*words):
    arguments = [word if isinstance(word, str) else json.dumps(word) for word in words]
    return subprocess.run(["aws", "pinpoint", *arguments], capture_output=True, text=True, timeout=120)


def aws(*words):
    done = run(*words)
    if not check(done.returncode == 0, f"aws pinpoint {words[0]}", done.stderr):
        finish()
    return json.loads(done.stdout) if done.stdout.strip() else None


def pause(app, segment):
    """A repeating campaign is paused and deleted."""
    request = {
        "Name": "daily",
        "SegmentId": segment,
        "Schedule": {"StartTime": "2099-01-02T03:04:05Z", "Frequency": "DAILY", "EndTime": "2099-02-02T00:00:00Z"},
        "Limits": {"Daily": 1},
        "MessageConfiguration": {"SMSMessage": {"Body": "hej", "MessageType": "TRANSACTIONAL"}},
    }
    created = aws("create-campaign", *app, "--write-campaign-request", request)["CampaignResponse"]
    which = [*app, "--campaign-id", created["Id"]]
    paused = aws("update-campaign", *which, "--write-campaign-request", request | {"IsPaused": True})["CampaignResponse"]
    equal(paused["State"]["CampaignStatus"], "PAUSED", "a campaign is paused by the command line")
    first = aws("get-campaign-version", *which, "--campaign-version", "1")["CampaignResponse"]
    equal((first["IsPaused"], first["Limits"]), (False, {"Daily": 1}), "its first version by the command line")
    versions = aws("get-campaign-versions", *which)["CampaignsResponse"]["Item"]
    equal([item["Version"] for item in versions], [2, 1], "its versions by the command line")
    equal(aws("delete-campaign", *which)["CampaignResponse"]["Id"], created["Id"], "delete-campaign by the command line")


def texts():
    name = ["--template-name", "cli"]
    aws("create-sms-template", *name, "--sms-template-request", {"Body": "Hej {{User.UserId}}"})
    aws("update-sms-template", *name, "--create-new-version", "--sms-template-request", {"Body": "two"})
    aws(
        "update-template-active-version",
        *name,
        "--template-type",
        "SMS",
        "--template-active-version-request",
        {"Version": "latest"},
    )
    got = aws("get-sms-template", *name)["SMSTemplateResponse"]
    equal((got["Version"], got["Body"]), ("2", "two"), "a template of texts by the command line")
    listed = aws("list-templates", "--template-type", "SMS", "--page-size", "1")["TemplatesResponse"]["Item"]
    equal([item["TemplateName"] for item in listed], ["cli"], "list-templates by the command line")
    aws("delete-sms-template", *name)


def main():
    created = aws("create-app", "--create-application-request", {"Name": "by hand", "tags": {"a": "b"}})[
        "ApplicationResponse"
    ]
    app = ["--application-id", created["Id"]]
    aws("tag-resource", "--resource-arn", created["Arn"], "--tags-model", {"tags": {"c": "d"}})
    tags = aws("list-tags-for-resource", "--resource-arn", created["Arn"])["TagsModel"]["tags"]
    equal(tags, {"a": "b", "c": "d"}, "tags by the command line")
    aws(
        "update-email-channel",
        *app,
        "--email-channel-request",
        {"FromAddress": "shop@example.com", "Identity": "arn:aws:ses:us-east-1:123456789012:identity/example.com"},
    )
    for number, endpoint in enumerate(["a/b c@d", "plain"]):
        aws(
            "update-endpoint",
            *app,
            "--endpoint-id",
            endpoint,
            "--endpoint-request",
            {
                "ChannelType": "EMAIL",
                "Address": f"cli-{number}@example.com",
                "Attributes": {"plan": ["gold"]},
                "User": {"UserId": f"u/{number}"},
            },
        )
    got = aws("get-endpoint", *app, "--endpoint-id", "a/b c@d")["EndpointResponse"]
    equal((got["Id"], got["Address"]), ("a/b c@d", "cli-0@example.com"), "an odd id by the command line")
    event = {"EventType": "visit", "Timestamp": "2026-01-02T03:04:05Z", "Attributes": {"page": "/ä"}}
    results = aws(
        "put-events", *app, "--events-request", {"BatchItem": {"a/b c@d": {"Endpoint": {}, "Events": {"e1": event}}}}
    )["EventsResponse"]["Results"]
    equal(results["a/b c@d"]["EventsItemResponse"]["e1"]["StatusCode"], 202, "an event by the command line")
    segment = aws(
        "create-segment",
        *app,
        "--write-segment-request",
        {"Name": "gold", "Dimensions": {"Attributes": {"plan": {"AttributeType": "INCLUSIVE", "Values": ["gold"]}}}},
    )
    aws(
        "create-email-template",
        "--template-name",
        "cli",
        "--email-template-request",
        {"Subject": "Hello {{Id}}", "HtmlPart": "<p>{{Attributes.plan}}</p>", "TextPart": "{{Attributes.plan}}"},
    )
    campaign = aws(
        "create-campaign",
        *app,
        "--write-campaign-request",
        {
            "Name": "cli",
            "SegmentId": segment["SegmentResponse"]["Id"],
            "Schedule": {"StartTime": "IMMEDIATE"},
            "TemplateConfiguration": {"EmailTemplate": {"Name": "cli"}},
        },
    )["CampaignResponse"]["Id"]
    which = [*app, "--campaign-id", campaign]

    def completed():
        items = aws("get-campaign-activities", *which)["ActivitiesResponse"]["Item"]
        # The counts come from the roll-ups, which follow the run by a moment.
        return (
            items if items and items[0]["State"] == "COMPLETED" and items[0]["SuccessfulEndpointCount"] == 2 else None
        )

    activity = eventually("the campaign's activity completes", completed, 90)[0]
    equal(activity["TotalEndpointCount"], 2, "the activity counts two endpoints")
    state = aws("get-campaign", *which)["CampaignResponse"]["State"]["CampaignStatus"]
    equal(state, "COMPLETED", "the campaign by the command line")
    pause(app, segment["SegmentResponse"]["Id"])
    texts()
    paged = aws("get-segments", *app, "--page-size", "1")["SegmentsResponse"]["Item"]
    equal(len(paged), 1, "a list by the command line")
    refused = run("create-journey", *app, "--write-journey-request", {"Name": "x"})
    check(refused.returncode > 0 and "NotImplementedException" in refused.stderr, "what is not built", refused.stderr)
    missing = run("get-app", "--application-id", "0" * 32)
    check(missing.returncode > 0 and "NotFoundException" in missing.stderr, "a missing app", missing.stderr)
    aws("untag-resource", "--resource-arn", created["Arn"], "--tag-keys", "c")
    deleted = aws("delete-app", *app)["ApplicationResponse"]
    equal(deleted["Id"], created["Id"], "delete-app by the command line")
    finish()


main()
