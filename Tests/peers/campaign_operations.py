"""Every operation of campaigns and templates by boto3, from one table; and cycles as Terraform makes them: written with every
member that the service model has, read back in every way, written back with one change, and nothing else has changed.

usage: campaign_operations.py OPERATIONS_FILE
"""

import pathlib
import sys

from audience_samples import filled
from campaign_samples import CAMPAIGN, IN_APP, NOWHERE, TEMPLATE_REQUESTS
from operation_table import Call, Case, is_whole, model, names, pinpoint, run_table
from pinpoint_peer import call, equal, eventually, finish, refused

SIMPLE = {
    "Name": "simple",
    "Schedule": {"StartTime": "2099-01-02T03:04:05Z"},
    "SegmentId": "{segment}",
    "MessageConfiguration": {"EmailMessage": {"Title": "T", "Body": "B"}},
}
KEPT = {"CampaignId": "{campaign}"}


def template_cases():
    for word, request in TEMPLATE_REQUESTS.values():
        name = {"TemplateName": "table"}
        yield Case(f"Create{word}Template", name, body=request)
        yield Case(f"Get{word}Template", name, missing="TemplateName")
        yield Case(f"Update{word}Template", name | {"CreateNewVersion": True}, missing="TemplateName", body=request)
        yield Case(f"Update{word}Template", name | {"Version": "2"}, missing="TemplateName", body=request)
    email = {"TemplateName": "table", "TemplateType": "EMAIL"}
    yield Case("UpdateTemplateActiveVersion", email, missing="TemplateName", body={"Version": "latest"})
    yield Case("ListTemplateVersions", email, missing="TemplateName", items=2)
    # Those of the table and those that the campaigns use.
    yield Case("ListTemplates", items=2 * len(TEMPLATE_REQUESTS))
    for word, _ in TEMPLATE_REQUESTS.values():
        yield Case(f"Delete{word}Template", {"TemplateName": "table"}, missing="TemplateName")


CASES = [
    Case("CreateCampaign", body=CAMPAIGN),
    Case("CreateCampaign", body=IN_APP),
    Case("GetCampaign", KEPT, missing="CampaignId"),
    Case("UpdateCampaign", KEPT, missing="CampaignId", body=CAMPAIGN),
    Case("UpdateCampaign", KEPT, missing="CampaignId", body=SIMPLE),
    # Two of the table, two that were there.
    Case("GetCampaigns", items=4),
    Case("GetCampaignVersion", KEPT | {"Version": "1"}, missing="CampaignId"),
    Case("GetCampaignVersions", KEPT, missing="CampaignId", items=3),
    Case("GetCampaignActivities", KEPT, missing="CampaignId"),
    Case("GetCampaignDateRangeKpi", KEPT | {"KpiName": "email-open-rate"}, missing="CampaignId"),
    Case("DeleteCampaign", {"CampaignId": "{doomed}"}, missing="CampaignId"),
    *template_cases(),
]
GROUPS = r"Campaign|Template"


def create(app, body):
    return pinpoint.create_campaign(ApplicationId=app, WriteCampaignRequest=body)["CampaignResponse"]


def get(app, campaign):
    return pinpoint.get_campaign(ApplicationId=app, CampaignId=campaign)["CampaignResponse"]


def update(app, campaign, body):
    arguments = {"ApplicationId": app, "CampaignId": campaign, "WriteCampaignRequest": body}
    return pinpoint.update_campaign(**arguments)["CampaignResponse"]


def prepared():
    app = pinpoint.create_app(CreateApplicationRequest={"Name": "campaigns"})["ApplicationResponse"]["Id"]
    pinpoint.update_email_channel(
        ApplicationId=app, EmailChannelRequest={"FromAddress": "shop@example.com", "Identity": "example.com"}
    )
    segment = pinpoint.create_segment(ApplicationId=app, WriteSegmentRequest={"Name": "all", "Dimensions": {}})
    places = {"app": app, "segment": segment["SegmentResponse"]["Id"]}
    for word, request in TEMPLATE_REQUESTS.values():
        Call(Case(f"Create{word}Template", {"TemplateName": "sample"}, body=request), places).run()
    places["campaign"] = create(app, filled(SIMPLE, places))["Id"]
    places["doomed"] = create(app, filled(SIMPLE, places))["Id"]
    return app, places


# MARK: Every member


def leaves(value, path=""):
    """Paths of a value's leaves, as the model names them: without places in lists and names in maps."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from leaves(item, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for item in value:
            yield from leaves(item, path)
    else:
        yield path


def model_leaves(shape, path=""):
    if shape.type_name == "structure":
        for name, member in shape.members.items():
            key = member.serialization.get("name", name)
            yield from model_leaves(member, f"{path}.{key}" if path else key)
    elif shape.type_name == "list":
        yield from model_leaves(shape.member, path)
    elif shape.type_name == "map":
        if shape.value.type_name == "structure":
            yield from model_leaves(shape.value, path + ".*")
        else:
            yield path
    else:
        yield path


def every_member_is_set():
    """So that a member which the next model brings is missed here, and not by a customer."""
    shape = model.shape_for("WriteCampaignRequest")
    known = {path for path in model_leaves(shape)}
    written = set()
    for sample in (CAMPAIGN, IN_APP):
        for path in leaves(sample):
            parts = path.split(".")
            for container in ("Attributes", "Metrics", "CustomConfig", "tags"):
                if container in parts[:-1]:
                    place = parts.index(container) + 1
                    parts[place : place + 1] = ["*"] if container in ("Attributes", "Metrics") else []
            written.add(".".join(parts))
    of_treatments = {f"AdditionalTreatments.{path}" for path in written | NOWHERE}
    equal(sorted(known - written - NOWHERE - of_treatments), [], "the samples have every member of a campaign")
    equal(sorted(written - known), [], "the samples have members of the model only")


# MARK: Cycles

# Of the answer alone.
ANSWERED = {"ApplicationId", "Arn", "CreationDate", "DefaultState", "Id", "LastModifiedDate", "State", "Version"}


def writable(answer):
    """An answer without what only answers have: what a client writes back."""
    request = {key: value for key, value in answer.items() if key not in ANSWERED}
    request["AdditionalTreatments"] = [
        {key: value for key, value in treatment.items() if key not in ("Id", "State")}
        for treatment in answer["AdditionalTreatments"]
    ]
    return request


def always_there(request):
    """What an answer has even when the request said nothing of it."""
    standard = {
        "AdditionalTreatments": [], "HoldoutPercent": 0, "IsPaused": False, "Limits": {}, "TemplateConfiguration": {}, "tags": {},
    }
    return standard | request


def cycle(app, what, sample, changes):
    created = create(app, sample)
    campaign = created["Id"]
    equal(writable(created), always_there(sample) | {"SegmentVersion": 1}, f"{what}: the answer has what was written")
    states = [created["State"]] + [treatment["State"] for treatment in created["AdditionalTreatments"]]
    equal(states, [created["State"]] * len(states), f"{what}: each treatment has its state")
    equal([t["Id"] for t in created["AdditionalTreatments"]], ["1"][: len(states) - 1], f"{what}: treatments have ids")
    equal("DefaultState" in created, len(states) > 1, f"{what}: DefaultState is there with several treatments")

    def everywhere(version):
        arguments = {"ApplicationId": app, "CampaignId": campaign}
        yield "Get", get(app, campaign)
        one = pinpoint.get_campaign_version(**arguments, Version=str(version))["CampaignResponse"]
        yield "GetVersion", one
        yield "GetVersions", pinpoint.get_campaign_versions(**arguments)["CampaignsResponse"]["Item"][0]
        listed = pinpoint.get_campaigns(ApplicationId=app)["CampaignsResponse"]["Item"]
        yield "list", next(item for item in listed if item["Id"] == campaign)

    for how, read in everywhere(1):
        equal(read, created, f"{what}: {how} answers as Create did")
    before = created
    for version, (member, value) in enumerate(changes.items(), 2):
        after = update(app, campaign, writable(get(app, campaign)) | {member: value})
        equal((writable(after)[member], after["Version"]), (value, version), f"{what}: {member} is changed")
        moved = {member, "Version", "LastModifiedDate", "State", "DefaultState"}
        for name in sorted(set(before) | set(after) - moved):
            if name not in moved:
                expected, got = (strip_states(answer.get(name)) for answer in (before, after))
                equal(got, expected, f"{what}: {name} is as before {member} changed")
        for how, read in everywhere(version):
            equal(read, after, f"{what}: {how} answers as Update did")
        before = after
    first = pinpoint.get_campaign_version(ApplicationId=app, CampaignId=campaign, Version="1")["CampaignResponse"]
    equal(writable(first), writable(created), f"{what}: the first version is still what it was")
    deleted = pinpoint.delete_campaign(ApplicationId=app, CampaignId=campaign)["CampaignResponse"]
    equal((deleted["State"]["CampaignStatus"], writable(deleted)), ("DELETED", writable(before)), f"{what}: Delete echoes it")
    with refused(f"{what}: it is gone", 404, "NotFoundException", "Resource not found"):
        get(app, campaign)


def strip_states(value):
    """Of treatments: pausing changes them."""
    if isinstance(value, list):
        return [{key: item for key, item in entry.items() if key != "State"} for entry in value]
    return value


def cycles(app, places):
    treatment = {"SizePercent": 5, "MessageConfiguration": {"SMSMessage": {"Body": "x"}}}
    cycle(
        app,
        "every member",
        filled(CAMPAIGN, places),
        {
            "Name": "renamed",
            "Description": "another",
            "Limits": {"Daily": 2, "Total": 3},
            "Hook": {"LambdaFunctionName": "other"},
            "HoldoutPercent": 5,
            "AdditionalTreatments": [treatment],
            "Priority": 1,
            "IsPaused": False,
        },
    )
    cycle(app, "in-app", filled(IN_APP, places), {"Name": "renamed", "Limits": {"Daily": 9}, "Priority": 2})
    cycle(app, "the least", filled(SIMPLE, places), {"Name": "renamed", "TreatmentName": "A"})


def template_cycles():
    """Create, read, write back with one change: nothing else has changed."""
    for kind, (word, request) in TEMPLATE_REQUESTS.items():

        def do(verb, **arguments):
            answer = getattr(pinpoint, names[f"{verb}{word}Template"])(TemplateName="cycle", **arguments)
            return next(value for key, value in answer.items() if key != "ResponseMetadata")

        shape = model.operation_model(f"Create{word}Template").input_shape
        payload = shape.serialization["payload"]
        missing = set(shape.members[payload].members) - set(request)
        equal(missing, set(), f"the sample of {kind} has every member")
        do("Create", **{payload: request})
        read = do("Get")
        for member, value in request.items():
            equal(read[member], value, f"{member} of a template of {kind} is read back")
        do("Update", **{payload: {key: read[key] for key in request} | {"TemplateDescription": "changed"}})
        again = do("Get")
        equal(again["TemplateDescription"], "changed", f"a template of {kind} is changed")
        moved = {"TemplateDescription", "LastModifiedDate"}
        equal(
            {key: value for key, value in again.items() if key not in moved},
            {key: value for key, value in read.items() if key not in moved},
            f"nothing else of a template of {kind} is changed",
        )
        do("Delete")


def pauses(app, places):
    """A repeating campaign keeps its rhythm over a pause; tags of an update are ignored, as Pinpoint does."""
    body = filled(SIMPLE, places)
    body["Schedule"] = {"StartTime": "2099-01-02T03:04:05Z", "Frequency": "DAILY", "EndTime": "2099-02-02T00:00:00Z"}
    campaign = create(app, body | {"tags": {"kept": "1"}})["Id"]
    for paused, state in ((True, "PAUSED"), (False, "SCHEDULED"), (True, "PAUSED"), (False, "SCHEDULED")):
        answer = update(app, campaign, body | {"IsPaused": paused, "tags": {"other": "2"}})
        equal((answer["State"]["CampaignStatus"], answer["IsPaused"]), (state, paused), f"paused: {paused}")
        equal(answer["Schedule"], body["Schedule"], "the rhythm is as it was")
        equal(answer["tags"], {"kept": "1"}, "tags of an update are ignored")
    with refused("a pause of an IMMEDIATE campaign", 400, "BadRequestException", "IsPaused"):
        create(app, body | {"Schedule": {"StartTime": "IMMEDIATE"}, "IsPaused": True})


def other_channels(app, places):
    """A campaign without e-mail runs, is sent to nobody, and says so."""
    pinpoint.update_endpoint(
        ApplicationId=app, EndpointId="phone", EndpointRequest={"ChannelType": "SMS", "Address": "+46700000000"}
    )
    pinpoint.update_endpoint(
        ApplicationId=app, EndpointId="mail", EndpointRequest={"ChannelType": "EMAIL", "Address": "a@example.com"}
    )
    body = filled(SIMPLE, places) | {
        "Schedule": {"StartTime": "IMMEDIATE"},
        "MessageConfiguration": {"SMSMessage": {"Body": "Hej"}},
    }
    campaign = create(app, body)["Id"]
    eventually(
        "a campaign of texts completes",
        lambda: get(app, campaign)["State"]["CampaignStatus"] == "COMPLETED",
    )
    (activity,) = pinpoint.get_campaign_activities(ApplicationId=app, CampaignId=campaign)["ActivitiesResponse"]["Item"]
    equal(
        (activity["TotalEndpointCount"], activity["SuccessfulEndpointCount"], activity["State"]),
        (2, 0, "COMPLETED"),
        "a campaign of texts is sent to nobody",
    )
    equal(activity["Result"], "SUCCESS", "it did what it could")
    path = f"/v1/apps/{app}/campaigns/{campaign}/runs"
    (treatment,) = call("GET", f"{path}/{call('GET', path)['Item'][0]['Id']}/balance")["Treatments"]
    reasons = {reason: count for lines in treatment["Reasons"].values() for reason, count in lines.items()}
    equal(reasons, {"UNSUPPORTED_CHANNEL": 1, "ENDPOINT_CHANNEL_MISMATCH": 1}, "each of them says why")


def main():
    text = pathlib.Path(sys.argv[1]).read_text()
    built = {line for line in text.splitlines() if line and not line.startswith("#")}
    every_member_is_set()
    app, places = prepared()
    run_table(CASES, places, built)
    is_whole(GROUPS, {case.operation for case in CASES}, built)
    cycles(app, places)
    template_cycles()
    pauses(app, places)
    other_channels(app, places)
    finish()


main()
