"""Every operation of the slice by boto3, unmodified, through the gateway; then every other operation of the model.

usage: boto_slice.py OPERATIONS_FILE
"""

import datetime
import json
import pathlib
import re
import sys

from pinpoint_peer import answered, call, check, client, equal, eventually, finish, plain, refused, signed

ODD_ID = "a/b c@d"
# An id that looks like another service's route once it is decoded.
MISLEADING_ID = "x/kpis/y?z=%2F&ü"

pinpoint = client()


def apps():
    created = pinpoint.create_app(CreateApplicationRequest={"Name": "Söndagsbutiken ✂", "tags": {"team": "crm"}})[
        "ApplicationResponse"
    ]
    app = created["Id"]
    check(len(app) == 32 and app == app.lower(), "an app's id is 32 hex digits", app)
    check(created["Arn"].endswith(f":apps/{app}"), "an app has an ARN", created["Arn"])
    equal(pinpoint.get_app(ApplicationId=app)["ApplicationResponse"], created, "GetApp answers what CreateApp did")
    others = [
        pinpoint.create_app(CreateApplicationRequest={"Name": f"page {n}"})["ApplicationResponse"] for n in range(4)
    ]
    listed, token = [], {}
    while True:
        page = pinpoint.get_apps(PageSize="2", **token)["ApplicationsResponse"]
        check(len(page["Item"]) <= 2, "a page is no longer than asked for", len(page["Item"]))
        listed += [item["Id"] for item in page["Item"]]
        if "NextToken" not in page:
            break
        token = {"Token": page["NextToken"]}
    equal(sorted(listed), sorted([app] + [other["Id"] for other in others]), "GetApps lists every app once")
    for other in others:
        equal(pinpoint.delete_app(ApplicationId=other["Id"])["ApplicationResponse"], other, "DeleteApp echoes the app")
    with refused("a deleted app", 404, "NotFoundException", "Application not found"):
        pinpoint.get_app(ApplicationId=others[0]["Id"])
    return app, created["Arn"]


def tags(arn):
    pinpoint.tag_resource(ResourceArn=arn, TagsModel={"tags": {"cost centre": "42/ä", "team": "growth"}})
    equal(
        pinpoint.list_tags_for_resource(ResourceArn=arn)["TagsModel"]["tags"],
        {"team": "growth", "cost centre": "42/ä"},
        "tags are merged",
    )
    pinpoint.untag_resource(ResourceArn=arn, TagKeys=["team", "cost centre"])
    equal(pinpoint.list_tags_for_resource(ResourceArn=arn)["TagsModel"]["tags"], {}, "tags are removed")


def settings(app):
    fresh = pinpoint.get_application_settings(ApplicationId=app)["ApplicationSettingsResource"]
    for member in ("CampaignHook", "Limits", "QuietTime"):
        equal(fresh.get(member), {}, f"settings have {member} when nothing is set")
    pinpoint.update_application_settings(
        ApplicationId=app,
        WriteApplicationSettingsRequest={"Limits": {"MessagesPerSecond": 5000, "MaximumDuration": 3600}},
    )
    pinpoint.update_application_settings(
        ApplicationId=app, WriteApplicationSettingsRequest={"QuietTime": {"Start": "22:00", "End": "06:00"}}
    )
    kept = pinpoint.get_application_settings(ApplicationId=app)["ApplicationSettingsResource"]
    equal(kept["QuietTime"], {"Start": "22:00", "End": "06:00"}, "settings keep what was written")
    equal(kept["Limits"]["MessagesPerSecond"], 5000, "settings keep what an update leaves out")
    # Else every campaign below would start with it.
    pinpoint.update_application_settings(
        ApplicationId=app, WriteApplicationSettingsRequest={"QuietTime": {"Start": "", "End": ""}}
    )


def channel(app):
    with refused("a channel before its first update", 404, "NotFoundException", "Resource not found"):
        pinpoint.get_email_channel(ApplicationId=app)
    request = {
        "FromAddress": "Söndagsbutiken <shop@example.com>",
        "Enabled": True,
        "Identity": "arn:aws:ses:us-east-1:123456789012:identity/example.com",
    }
    for version in (1, 2):
        answer = pinpoint.update_email_channel(ApplicationId=app, EmailChannelRequest=request)["EmailChannelResponse"]
        equal(answer["Version"], version, f"update {version} of the channel is version {version}")
    equal(answer["Platform"], "EMAIL", "a channel has its platform")
    equal(
        pinpoint.get_email_channel(ApplicationId=app)["EmailChannelResponse"]["FromAddress"],
        request["FromAddress"],
        "the channel keeps its sender",
    )
    channels = pinpoint.get_channels(ApplicationId=app)["ChannelsResponse"]["Channels"]
    equal(sorted(channels), ["EMAIL", "IN_APP"], "GetChannels lists what is there")


def endpoints(app):
    request = {
        "ChannelType": "EMAIL",
        "Address": "anna@example.com",
        "Attributes": {"Plan": ["gold", "äl"]},
        "Metrics": {"Purchases": 3, "Spent": 120.5},
        "Demographic": {"Timezone": "Europe/Stockholm"},
        "Location": {"Country": "SE", "City": "Umeå"},
        "User": {"UserId": "user/1 @x", "UserAttributes": {"FirstName": ["Anna"]}},
    }
    for endpoint in (ODD_ID, MISLEADING_ID):
        answer = pinpoint.update_endpoint(
            ApplicationId=app,
            EndpointId=endpoint,
            EndpointRequest=request | {"Address": f"{len(endpoint)}@example.com"},
        )
        equal(answer["MessageBody"]["Message"], "Accepted", f"UpdateEndpoint of {endpoint!r}")
        got = pinpoint.get_endpoint(ApplicationId=app, EndpointId=endpoint)["EndpointResponse"]
        equal(got["Id"], endpoint, f"the id {endpoint!r} comes back as it was given")
        for member in ("Attributes", "Metrics", "Location"):
            equal(got[member], request[member], f"{member} of {endpoint!r}")
        check(0 <= int(got["CohortId"]) <= 99, "a cohort is from 0 to 99", got["CohortId"])
        equal((got["OptOut"], got["EndpointStatus"]), ("NONE", "ACTIVE"), "a new endpoint is active")
    pinpoint.update_endpoint(
        ApplicationId=app, EndpointId=ODD_ID, EndpointRequest={"Attributes": {"Plan": [], "Shoe": ["42"]}}
    )
    merged = pinpoint.get_endpoint(ApplicationId=app, EndpointId=ODD_ID)["EndpointResponse"]
    equal(merged["Attributes"], {"Shoe": ["42"]}, "an update merges; an empty list removes")
    equal(merged["Metrics"], request["Metrics"], "what an update leaves out stays")
    items = [
        {
            "Id": f"person-{n}",
            "ChannelType": "EMAIL",
            "Address": f"person-{n}@example.com",
            "Metrics": {"Purchases": n},
            "Attributes": {"LastPurchase": [f"1998-0{1 + n % 6}-02T00:00:00Z"]},
            "User": {"UserId": f"u{n % 20}"},
        }
        for n in range(60)
    ]
    answer = pinpoint.update_endpoints_batch(ApplicationId=app, EndpointBatchRequest={"Item": items})
    equal(answer["MessageBody"]["Message"], "Accepted", "UpdateEndpointsBatch")
    with refused("a batch with one bad item", 400, "BadRequestException", "Item[1]"):
        pinpoint.update_endpoints_batch(
            ApplicationId=app,
            EndpointBatchRequest={
                "Item": [
                    {"Id": "never", "ChannelType": "EMAIL", "Address": "never@example.com"},
                    {"Id": "bad", "ChannelType": "EMAIL", "Address": "b@example.com", "OptOut": "MAYBE"},
                ]
            },
        )
    with refused("nothing of a refused batch is stored", 404, "NotFoundException", "Resource not found"):
        pinpoint.get_endpoint(ApplicationId=app, EndpointId="never")
    of_user = pinpoint.get_user_endpoints(ApplicationId=app, UserId="u7")["EndpointsResponse"]["Item"]
    equal(sorted(item["Id"] for item in of_user), ["person-27", "person-47", "person-7"], "GetUserEndpoints")
    shown = pinpoint.get_in_app_messages(ApplicationId=app, EndpointId="person-1")["InAppMessagesResponse"]
    equal(shown["InAppMessageCampaigns"], [], "nobody has an in-app message without a campaign")
    removed = pinpoint.remove_attributes(
        ApplicationId=app, AttributeType="endpoint-metric-attributes", UpdateAttributesRequest={"Blacklist": ["Unused*"]}
    )["AttributesResource"]
    equal(removed["AttributeType"], "endpoint-metric-attributes", "RemoveAttributes echoes the type")
    of_odd = pinpoint.get_user_endpoints(ApplicationId=app, UserId="user/1 @x")["EndpointsResponse"]["Item"]
    equal(len(of_odd), 2, "a user's id is one path segment")
    shown = pinpoint.get_in_app_messages(ApplicationId=app, EndpointId=MISLEADING_ID)["InAppMessagesResponse"]
    equal(shown["InAppMessageCampaigns"], [], "GetInAppMessages of an app without in-app campaigns")
    stopped = pinpoint.remove_attributes(
        ApplicationId=app,
        AttributeType="endpoint-custom-attributes",
        UpdateAttributesRequest={"Blacklist": ["legacy_*"]},
    )["AttributesResource"]
    equal(stopped["Attributes"], ["legacy_*"], "RemoveAttributes answers the list")
    deleted = pinpoint.delete_endpoint(ApplicationId=app, EndpointId=MISLEADING_ID)["EndpointResponse"]
    equal(deleted["Id"], MISLEADING_ID, "DeleteEndpoint echoes the endpoint")
    with refused("a deleted endpoint", 404, "NotFoundException", "Resource not found"):
        pinpoint.get_endpoint(ApplicationId=app, EndpointId=MISLEADING_ID)
    gone = pinpoint.delete_user_endpoints(ApplicationId=app, UserId="user/1 @x")["EndpointsResponse"]["Item"]
    equal([item["Id"] for item in gone], [ODD_ID], "DeleteUserEndpoints echoes the endpoints")


def events(app):
    now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
    good = {
        "EventType": "_monetization.purchase",
        "Timestamp": now,
        "Attributes": {"sku": "ä-1"},
        "Metrics": {"price": 9.5},
        "Session": {"Id": "s1", "StartTimestamp": now},
    }
    batch = {
        "BatchItem": {
            "person-1": {
                "Endpoint": {},
                "Events": {"e 1/ä": good, "no time": {"EventType": "x", "Timestamp": "yesterday"}},
            },
            "by event": {"Endpoint": {"ChannelType": "EMAIL", "Address": "event@example.com"}, "Events": {"e2": good}},
        }
    }
    for attempt in ("the first time", "again"):
        results = pinpoint.put_events(ApplicationId=app, EventsRequest=batch)["EventsResponse"]["Results"]
        equal(results["person-1"]["EventsItemResponse"]["e 1/ä"], {"Message": "Accepted", "StatusCode": 202}, attempt)
        bad = results["person-1"]["EventsItemResponse"]["no time"]
        check(bad["StatusCode"] == 400 and "Timestamp" in bad["Message"], "a bad event names its member", bad)
        equal(results["by event"]["EndpointItemResponse"]["StatusCode"], 202, "an event's endpoint is written")
    made = pinpoint.get_endpoint(ApplicationId=app, EndpointId="by event")["EndpointResponse"]
    equal(made["Address"], "event@example.com", "PutEvents wrote the endpoint")
    pinpoint.delete_endpoint(ApplicationId=app, EndpointId="by event")


def explain(app, segment, grouped):
    """Why one endpoint is a member; and a segment over events, which boto3 cannot write."""
    path = f"/v1/apps/{app}/segments"
    answer = call("GET", f"{path}/{grouped}/explain?endpoint=person-2")
    equal((answer["Endpoint"], answer["Matches"]), ("person-2", True), "explain of a member")
    text = json.dumps(answer["Tree"])
    check(segment in text and "Dimensions.Metrics.Purchases" in text, "explain goes into the source segment", text)
    equal(call("GET", f"{path}/{segment}/explain?endpoint=person-1")["Matches"], False, "explain of another")
    bought = {"EventType": "_monetization.purchase", "AtLeast": 1, "Days": 1}
    body = {"Name": "bought", "Needletail": {"Behaviors": [bought]}}
    answer = call("POST", f"{path}/explain?endpoint=person-1", body)
    equal(answer["Tree"]["Members"][-1]["Found"]["Count"], 1, "explain counts events")
    equal(call("POST", f"{path}/estimate", body)["Count"], 1, "a behaviour is counted")
    answer = signed("POST", path, json.dumps(body).encode(), headers={"Content-Type": "application/json"})
    equal(answer.status, 201, "a segment over behaviour is created")
    made = answer.json
    equal(made["Needletail"], body["Needletail"], "a segment gives back its extension")
    equal(pinpoint.get_segment(ApplicationId=app, SegmentId=made["Id"])["SegmentResponse"]["Name"], "bought", "GetSegment")
    pinpoint.delete_segment(ApplicationId=app, SegmentId=made["Id"])


def segments(app):
    dimensions = {
        "Attributes": {"LastPurchase": {"AttributeType": "BEFORE", "Values": ["1998-04-02T00:00:00Z"]}},
        "Metrics": {"Purchases": {"ComparisonOperator": "GREATER_THAN_OR_EQUAL", "Value": 2}},
    }
    expected = sum(1 for n in range(60) if n >= 2 and n % 6 < 3)
    created = pinpoint.create_segment(
        ApplicationId=app, WriteSegmentRequest={"Name": "early", "Dimensions": dimensions, "tags": {"a": "b"}}
    )["SegmentResponse"]
    segment = created["Id"]
    equal((created["Version"], created["SegmentType"]), (1, "DIMENSIONAL"), "a new segment")
    equal(created["Dimensions"], dimensions, "a segment keeps its dimensions")
    groups = {
        "Include": "ALL",
        "Groups": [
            {
                "SourceSegments": [{"Id": segment}],
                "SourceType": "ALL",
                "Type": "ALL",
                "Dimensions": [{"Demographic": {"Channel": {"DimensionType": "INCLUSIVE", "Values": ["EMAIL"]}}}],
            }
        ],
    }
    grouped = pinpoint.create_segment(
        ApplicationId=app, WriteSegmentRequest={"Name": "of early", "SegmentGroups": groups}
    )["SegmentResponse"]
    updated = pinpoint.update_segment(
        ApplicationId=app, SegmentId=segment, WriteSegmentRequest={"Name": "early birds", "Dimensions": dimensions}
    )["SegmentResponse"]
    equal(updated["Version"], 2, "an update is a new version")
    equal(
        pinpoint.get_segment(ApplicationId=app, SegmentId=segment)["SegmentResponse"]["Name"],
        "early birds",
        "GetSegment",
    )
    first = pinpoint.get_segment_version(ApplicationId=app, SegmentId=segment, Version="1")["SegmentResponse"]
    equal((first["Name"], first["Version"]), ("early", 1), "the first version can still be read")
    versions = pinpoint.get_segment_versions(ApplicationId=app, SegmentId=segment)["SegmentsResponse"]["Item"]
    equal(sorted(item["Version"] for item in versions), [1, 2], "GetSegmentVersions")
    listed = pinpoint.get_segments(ApplicationId=app)["SegmentsResponse"]["Item"]
    equal(sorted(item["Id"] for item in listed), sorted([segment, grouped["Id"]]), "GetSegments")
    estimate = call("POST", f"/v1/apps/{app}/segments/estimate", {"Name": "x", "SegmentGroups": groups})
    equal((estimate["Count"], estimate["Reachable"]), (expected, expected), "the estimate counts the members")
    explain(app, segment, grouped["Id"])
    pinpoint.tag_resource(ResourceArn=created["Arn"], TagsModel={"tags": {"kind": "seasonal"}})
    tagged = pinpoint.get_segment(ApplicationId=app, SegmentId=segment)["SegmentResponse"]["tags"]
    equal(tagged, {"a": "b", "kind": "seasonal"}, "a segment has tags")
    pinpoint.delete_segment(ApplicationId=app, SegmentId=grouped["Id"])
    with refused("a deleted segment", 404, "NotFoundException", "Resource not found"):
        pinpoint.get_segment(ApplicationId=app, SegmentId=grouped["Id"])
    return segment, expected


def templates():
    content = {
        "Subject": "Hej {{User.UserId}}",
        "HtmlPart": "<p>{{Metrics.Purchases}}</p>",
        "TextPart": "{{Address}}",
        "DefaultSubstitutions": json.dumps({"Metrics.Purchases": "0"}),
        "TemplateDescription": "of a test",
        "tags": {"t": "1"},
    }
    created = pinpoint.create_email_template(TemplateName="Spring-1", EmailTemplateRequest=content)
    check(":templates/Spring-1/EMAIL" in created["CreateTemplateMessageBody"]["Arn"], "a template's ARN", created)
    with refused("a template with a name that is taken", 400, "BadRequestException", "Spring-1"):
        pinpoint.create_email_template(TemplateName="Spring-1", EmailTemplateRequest=content)
    pinpoint.update_email_template(
        TemplateName="Spring-1", CreateNewVersion=True, EmailTemplateRequest=content | {"Subject": "second"}
    )
    active = pinpoint.get_email_template(TemplateName="Spring-1")["EmailTemplateResponse"]
    equal((active["Version"], active["Subject"]), ("1", content["Subject"]), "a new version is not active by itself")
    pinpoint.update_template_active_version(
        TemplateName="Spring-1", TemplateType="EMAIL", TemplateActiveVersionRequest={"Version": "2"}
    )
    equal(
        pinpoint.get_email_template(TemplateName="Spring-1")["EmailTemplateResponse"]["Subject"],
        "second",
        "the active version changes",
    )
    listed = pinpoint.list_template_versions(TemplateName="Spring-1", TemplateType="EMAIL")["TemplateVersionsResponse"]
    equal(sorted(item["Version"] for item in listed["Item"]), ["1", "2"], "ListTemplateVersions")
    pinpoint.create_email_template(TemplateName="autumn", EmailTemplateRequest=content)
    found = pinpoint.list_templates(Prefix="Spr", TemplateType="EMAIL")["TemplatesResponse"]["Item"]
    equal([item["TemplateName"] for item in found], ["Spring-1"], "ListTemplates by prefix")
    pinpoint.delete_email_template(TemplateName="autumn")
    with refused("a deleted template", 404, "NotFoundException", "Resource not found"):
        pinpoint.get_email_template(TemplateName="autumn")


SHOWN = {
    "BackgroundColor": "#FFFFFF",
    "HeaderConfig": {"Alignment": "CENTER", "Header": "Tack ✂", "TextColor": "#000000"},
    "BodyConfig": {"Alignment": "LEFT", "Body": "Text", "TextColor": "#000000"},
    "PrimaryBtn": {
        "DefaultConfig": {"ButtonAction": "LINK", "Link": "https://example.com", "Text": "More", "BorderRadius": 4},
        "Android": {"ButtonAction": "DEEP_LINK", "Link": "app://more"},
        "IOS": {"ButtonAction": "CLOSE"},
        "Web": {"ButtonAction": "CLOSE"},
    },
}
ANDROID = {"Action": "URL", "Body": "{{Attributes.Plan}}", "Title": "T", "Url": "https://example.com", "Sound": "s"}
# Per type: the SDK's method name, its request's parameter, the wrapper of CreateX and of GetX, a content, and what changes.
TEMPLATE_TYPES = {
    "SMS": ("sms", "SMSTemplateRequest", "CreateTemplateMessageBody", "SMSTemplateResponse",
            {"Body": "Hej {{User.UserId}}", "DefaultSubstitutions": '{"User.UserId": "du"}'}, {"Body": "two"}),
    "PUSH": ("push", "PushNotificationTemplateRequest", "CreateTemplateMessageBody", "PushNotificationTemplateResponse",
             {"ADM": ANDROID, "Baidu": ANDROID, "GCM": ANDROID | {"ImageUrl": "https://example.com/i"},
              "APNS": {"Action": "OPEN_APP", "Body": "B", "Title": "{{Address}}", "MediaUrl": "https://example.com/m"},
              "Default": {"Action": "DEEP_LINK", "Body": "B", "Title": "T", "Url": "app://x"}},
             {"Default": {"Body": "two"}}),
    "VOICE": ("voice", "VoiceTemplateRequest", "CreateTemplateMessageBody", "VoiceTemplateResponse",
              {"Body": "Hej {{Address}}", "LanguageCode": "sv-SE", "VoiceId": "Astrid"}, {"Body": "two"}),
    "INAPP": ("in_app", "InAppTemplateRequest", "TemplateCreateMessageBody", "InAppTemplateResponse",
              {"Content": [SHOWN], "Layout": "MIDDLE_BANNER", "CustomConfig": {"a": "b"}}, {"Layout": "CAROUSEL"}),
}


def template_types():
    """Each of the four other types through its whole life, with every member kept."""
    for kind, (method, parameter, created, got, content, change) in TEMPLATE_TYPES.items():
        def do(verb, **arguments):
            return getattr(pinpoint, f"{verb}_{method}_template")(TemplateName="Every-1", **arguments)

        whole = content | {"TemplateDescription": f"of {kind}", "tags": {"t": "1"}}
        arn = do("create", **{parameter: whole})[created]["Arn"]
        check(arn.endswith(f":templates/Every-1/{kind}"), f"the ARN of a template of {kind}", arn)
        read = do("get")[got]
        for member, value in (whole | {"TemplateType": kind, "Version": "1", "Arn": arn}).items():
            equal(read.get(member), value, f"{member} of a template of {kind}")
        with refused(f"a second {kind} template of one name", 400, "BadRequestException", "Every-1"):
            do("create", **{parameter: content})
        do("update", Version="1", **{parameter: content})
        do("update", CreateNewVersion=True, **{parameter: content | change})
        with refused(f"an update of an old version of {kind}", 400, "BadRequestException", "version"):
            do("update", Version="1", **{parameter: content})
        latest = do("get", Version="latest")[got]
        for member, value in change.items():
            equal((latest.get(member), latest["Version"]), (value, "2"), f"the new version of {kind}")
            check(do("get")[got].get(member) != value, f"the new version of {kind} is not active by itself")
        pinpoint.update_template_active_version(
            TemplateName="Every-1", TemplateType=kind, TemplateActiveVersionRequest={"Version": "latest"}
        )
        equal(do("get")[got]["Version"], "2", f"the active version of {kind} changes")
        versions = pinpoint.list_template_versions(TemplateName="Every-1", TemplateType=kind)["TemplateVersionsResponse"]
        equal([item["Version"] for item in versions["Item"]], ["2", "1"], f"ListTemplateVersions of {kind}")
        pinpoint.tag_resource(ResourceArn=arn, TagsModel={"tags": {"u": "2"}})
        equal(do("get")[got]["tags"], {"t": "1", "u": "2"}, f"a template of {kind} has tags")
        do("delete", Version="1")
    listed, token = [], {}
    while True:
        page = pinpoint.list_templates(Prefix="Every", PageSize="3", **token)["TemplatesResponse"]
        listed += [item["TemplateType"] for item in page["Item"]]
        if "NextToken" not in page:
            break
        token = {"NextToken": page["NextToken"]}
    equal(listed, sorted(TEMPLATE_TYPES), "ListTemplates has each type once")
    for kind, (method, _, _, _, _, _) in TEMPLATE_TYPES.items():
        found = pinpoint.list_templates(Prefix="Every", TemplateType=kind)["TemplatesResponse"]["Item"]
        equal([item["TemplateType"] for item in found], [kind], f"ListTemplates by the type {kind}")
        getattr(pinpoint, f"delete_{method}_template")(TemplateName="Every-1")
        with refused(f"a deleted template of {kind}", 404, "NotFoundException", "Resource not found"):
            getattr(pinpoint, f"get_{method}_template")(TemplateName="Every-1")


def previews(app):
    """What a template says to one person, with a snippet and a variant in it: routes of ours, through the gateway."""
    call("PUT", "/v1/snippets/sign", {"Body": "/{{Address}}"})
    content = {
        "Subject": "Hej {{User.UserId}}",
        "TextPart": "{{Metrics.Purchases}}{{> sign}}",
        "Needletail": {"Locales": {"de": {"Subject": "Hallo {{User.UserId}}"}}},
    }
    # The SDK does not know the variants, so that this template is written without it.
    target = "/v1/templates/seen/email"
    answer = signed("POST", target, json.dumps(content).encode(), headers={"Content-Type": "application/json"})
    equal(answer.status, 201, "a template with variants")
    read = pinpoint.get_email_template(TemplateName="seen")["EmailTemplateResponse"]
    equal(read["Subject"], content["Subject"], "the SDK reads a template with variants")
    stored = call("POST", f"{target}/preview", {"ApplicationId": app, "EndpointId": "person-1"})
    equal(stored["Content"]["TextPart"], "1/person-1@example.com", "a preview for an endpoint")
    person = {"Demographic": {"Locale": "de_AT"}, "User": {"UserId": "u"}}
    german = call("POST", f"{target}/preview", {"Endpoint": person})
    equal((german["Locale"], german["Content"]["Subject"]), ("de", "Hallo u"), "a preview in a person's language")
    equal(german["MissingVariables"], ["Address", "Metrics.Purchases"], "a preview names what the person lacks")
    pinpoint.delete_email_template(TemplateName="seen")
    equal([item["Name"] for item in call("GET", "/v1/snippets")["Item"]], ["sign"], "snippets are listed")
    call("DELETE", "/v1/snippets/sign")


def campaigns(app, segment, members):
    request = {
        "Name": "spring",
        "SegmentId": segment,
        "HoldoutPercent": 10,
        "Schedule": {"StartTime": "2099-01-02T03:04:05Z", "Frequency": "ONCE", "Timezone": "UTC"},
        "TemplateConfiguration": {"EmailTemplate": {"Name": "Spring-1"}},
        "TreatmentName": "A",
        "tags": {"x": "y"},
        "AdditionalTreatments": [
            {
                "SizePercent": 50,
                "TreatmentName": "B",
                "MessageConfiguration": {"EmailMessage": {"Title": "B {{Id}}", "HtmlBody": "<p>{{Id}}</p>"}},
            }
        ],
    }
    created = pinpoint.create_campaign(ApplicationId=app, WriteCampaignRequest=request)["CampaignResponse"]
    campaign = created["Id"]
    equal(created["State"]["CampaignStatus"], "SCHEDULED", "a new campaign is scheduled")
    equal(created["SegmentVersion"], 2, "SegmentVersion is filled in")
    equal([treatment["Id"] for treatment in created["AdditionalTreatments"]], ["1"], "treatments have ids")
    equal(
        pinpoint.get_campaign_activities(ApplicationId=app, CampaignId=campaign)["ActivitiesResponse"]["Item"],
        [],
        "a campaign that did not run has no activities",
    )
    updated = pinpoint.update_campaign(
        ApplicationId=app, CampaignId=campaign, WriteCampaignRequest=request | {"Schedule": {"StartTime": "IMMEDIATE"}}
    )["CampaignResponse"]
    equal(updated["Version"], 2, "an update of a campaign is a version")
    versions = pinpoint.get_campaign_versions(ApplicationId=app, CampaignId=campaign)["CampaignsResponse"]["Item"]
    equal(sorted(item["Version"] for item in versions), [1, 2], "GetCampaignVersions")
    first = pinpoint.get_campaign_version(ApplicationId=app, CampaignId=campaign, Version="1")["CampaignResponse"]
    equal(first["Schedule"]["StartTime"], request["Schedule"]["StartTime"], "GetCampaignVersion")
    eventually(
        "the campaign completes",
        lambda: pinpoint.get_campaign(ApplicationId=app, CampaignId=campaign)["CampaignResponse"]["State"][
            "CampaignStatus"
        ]
        == "COMPLETED",
    )
    activities = pinpoint.get_campaign_activities(ApplicationId=app, CampaignId=campaign)["ActivitiesResponse"]["Item"]
    equal(sorted(item["TreatmentId"] for item in activities), ["0", "1"], "an activity per treatment")
    equal(
        {(item["State"], item["Result"]) for item in activities}, {("COMPLETED", "SUCCESS")}, "activities are complete"
    )
    run = call("GET", f"/v1/apps/{app}/campaigns/{campaign}/runs")["Item"][0]["Id"]
    balance = call("GET", f"/v1/apps/{app}/campaigns/{campaign}/runs/{run}/balance")
    equal((balance["Planned"], balance["Balances"], balance["Open"]), (members, True, 0), "the balance sheet balances")
    equal(balance["Accepted"] + balance["Suppressed"], members, "everybody was written to or held out")

    def successes():
        answer = pinpoint.get_campaign_activities(ApplicationId=app, CampaignId=campaign)["ActivitiesResponse"]
        return sum(item["SuccessfulEndpointCount"] for item in answer["Item"])

    # The counts come from the roll-ups, which follow the run by a moment.
    eventually("activities reach the ledger", lambda: successes() == balance["Accepted"])

    def deliveries():
        answer = pinpoint.get_campaign_date_range_kpi(
            ApplicationId=app, CampaignId=campaign, KpiName="unique-deliveries"
        )["CampaignDateRangeKpiResponse"]
        rows = answer["KpiResult"]["Rows"]
        return bool(rows) and float(rows[0]["Values"][0]["Value"]) == balance["Accepted"]

    eventually("the campaign's key figures reach the ledger", deliveries)
    start = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=2)
    of_app = pinpoint.get_application_date_range_kpi(
        ApplicationId=app,
        KpiName="unique-deliveries-grouped-by-campaign",
        StartTime=start,
        EndTime=datetime.datetime.now(datetime.timezone.utc),
    )["ApplicationDateRangeKpiResponse"]
    equal(of_app["KpiResult"]["Rows"][0]["GroupedBys"][0]["Value"], campaign, "an app's key figures by campaign")
    listed = pinpoint.get_campaigns(ApplicationId=app)["CampaignsResponse"]["Item"]
    equal([item["Id"] for item in listed], [campaign], "GetCampaigns")
    deleted = pinpoint.delete_campaign(ApplicationId=app, CampaignId=campaign)["CampaignResponse"]
    equal(deleted["Id"], campaign, "DeleteCampaign echoes the campaign")
    with refused("a deleted campaign", 404, "NotFoundException", "Resource not found"):
        pinpoint.get_campaign(ApplicationId=app, CampaignId=campaign)


def minimal(shape):
    """The least value the model allows."""
    kind = shape.type_name
    if kind == "structure":
        return {name: minimal(shape.members[name]) for name in shape.required_members}
    if kind == "map":
        return {"x": minimal(shape.value)} if shape.value.type_name == "structure" else {}
    if kind == "list":
        return []
    if kind == "string":
        return shape.enum[0] if getattr(shape, "enum", None) else "x"
    return {"boolean": True, "timestamp": "2026-01-02T03:04:05Z"}.get(kind, 1)


def unbuilt(app, operations):
    """What is in the model and not built says so, whatever is in the request."""
    names = {name: method for method, name in pinpoint.meta.method_to_api_mapping.items()}
    for operation in pinpoint.meta.service_model.operation_names:
        if operation in operations:
            continue
        arguments = minimal(pinpoint.meta.service_model.operation_model(operation).input_shape)
        if "ApplicationId" in arguments:
            arguments["ApplicationId"] = app
        with refused(f"{operation} is not built", 501, "NotImplementedException", operation):
            getattr(pinpoint, names[operation])(**arguments)


def main():
    text = pathlib.Path(sys.argv[1]).read_text()
    operations = {line for line in text.splitlines() if line and not line.startswith("#")}
    app, arn = apps()
    tags(arn)
    settings(app)
    channel(app)
    endpoints(app)
    events(app)
    segment, members = segments(app)
    templates()
    template_types()
    previews(app)
    campaigns(app, segment, members)
    preflight = plain(
        "OPTIONS",
        f"/v1/apps/{app}/events",
        headers={
            "Origin": "https://shop.example",
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization,content-type,x-amz-date",
        },
    )
    check(preflight.status in (200, 204), "a browser's preflight is answered", preflight.status)
    unbuilt(app, operations)
    equal(
        pinpoint.delete_email_channel(ApplicationId=app)["EmailChannelResponse"]["Platform"],
        "EMAIL",
        "DeleteEmailChannel",
    )
    with refused("a deleted channel", 404, "NotFoundException", "Resource not found"):
        pinpoint.get_email_channel(ApplicationId=app)
    pinpoint.delete_email_template(TemplateName="Spring-1")
    pinpoint.delete_segment(ApplicationId=app, SegmentId=segment)
    pinpoint.delete_app(ApplicationId=app)
    # The channels besides e-mail are channel_operations.py's.
    elsewhere = {name for name in operations if re.fullmatch(r"(Get|Update|Delete)(Adm|Apns\w*|Baidu|Gcm|Sms|Voice)Channel", name)}
    equal(sorted(operations - elsewhere - answered), [], "every operation of the slice was answered")
    finish()


main()
