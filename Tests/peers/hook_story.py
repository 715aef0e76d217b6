"""Campaigns with hooks, from the API to the mailbox: filtered, with an attribute of the hook's making, over the web and
through Lambda, and one whose hook is down.

usage: hook_story.py SINK_FILE PORT CALLS_FILE    PORT is hook_peer.py's of TLS, CALLS_FILE where it keeps what it was asked
Prints `campaign ID` for each campaign that ran.
"""

import base64
import email
import email.policy
import json
import sys

from pinpoint_peer import check, client, call, equal, eventually, finish, sink_messages

SINK, PORT, CALLS = sys.argv[1:4]
PEOPLE = 120
OPTED_OUT = 61
FILTERED = {n for n in range(PEOPLE) if n % 3 == 0}

pinpoint = client()


def audience():
    app = pinpoint.create_app(CreateApplicationRequest={"Name": "hooks"})["ApplicationResponse"]["Id"]
    pinpoint.update_email_channel(
        ApplicationId=app, EmailChannelRequest={"FromAddress": "shop@example.com", "Identity": "example.com"})
    items = [
        {"Id": f"p{n}", "ChannelType": "EMAIL", "Address": f"person{n}@example.com", "Attributes": {"Tier": ["gold"]},
         "OptOut": "ALL" if n == OPTED_OUT else "NONE", "User": {"UserId": f"u{n}"}}
        for n in range(PEOPLE)
    ]
    for start in range(0, len(items), 100):
        pinpoint.update_endpoints_batch(ApplicationId=app, EndpointBatchRequest={"Item": items[start:start + 100]})
    segment = pinpoint.create_segment(
        ApplicationId=app, WriteSegmentRequest={"Name": "all", "Dimensions": {}})["SegmentResponse"]["Id"]
    return app, segment


def run(app, segment, name, hook):
    body = f"{name}|{{{{User.UserId}}}}|{{{{Attributes.Offer}}}}|{{{{Attributes.Tier}}}}|{{{{Address}}}}"
    answer = pinpoint.create_campaign(
        ApplicationId=app,
        WriteCampaignRequest={
            "Name": name, "SegmentId": segment, "Schedule": {"StartTime": "IMMEDIATE"}, "Hook": hook,
            "MessageConfiguration": {"EmailMessage": {"Title": name, "Body": body}},
        })["CampaignResponse"]
    equal(answer["Hook"], hook, f"{name}: the hook comes back")
    campaign = answer["Id"]
    eventually(f"{name} is COMPLETED", lambda: status(app, campaign) == "COMPLETED", 120)
    print("campaign", campaign, flush=True)
    runs = call("GET", f"/v1/apps/{app}/campaigns/{campaign}/runs")["Item"]
    return campaign, call("GET", f"/v1/apps/{app}/campaigns/{campaign}/runs/{runs[0]['Id']}/balance")


def status(app, campaign):
    return pinpoint.get_campaign(ApplicationId=app, CampaignId=campaign)["CampaignResponse"]["State"]["CampaignStatus"]


def texts(name):
    """What people got of one campaign, by number of the person."""
    found = {}
    for message in sink_messages(SINK):
        parsed = email.message_from_bytes(base64.b64decode(message["raw"]), policy=email.policy.default)
        if parsed["Subject"] != name:
            continue
        number = int(parsed["To"].split("@")[0].removeprefix("person"))
        check(number not in found, f"{name}: person {number} got it once")
        found[number] = parsed.get_body(("plain",)).get_content().strip()
    return found


def calls():
    with open(CALLS) as lines:
        return [json.loads(line) for line in lines if line.strip()]


def reasons(balance, name):
    """Reason → people, over all treatments; the books balance."""
    equal((balance["Balances"], balance["Planned"], balance["Open"]), (True, PEOPLE, 0), f"{name}: the books balance")
    counts = {}
    for treatment in balance["Treatments"]:
        for lines in treatment["Reasons"].values():
            for reason, count in lines.items():
                counts[reason] = counts.get(reason, 0) + count
    return counts


def reached(name, app, campaign, balance):
    expected = {n for n in range(PEOPLE) if n not in FILTERED and n != OPTED_OUT}
    got = texts(name)
    equal(set(got), expected, f"{name}: exactly those whom the hook left in got it")
    for number, text in got.items():
        fields = text.split("|")
        offer = f"{len(f'p{number}')} & more for p{number}"
        equal(fields[1:], [f"u{number}", offer, "gold", f"person{number}@example.com"], f"{name}: what {number} reads")
    equal(reasons(balance, name), {"HOOK_FILTERED": len(FILTERED), "OPT_OUT": 1}, f"{name}: why others did not")
    equal(balance["Accepted"], len(expected), f"{name}: accepted, in the books")
    asked = [body for body in map(json.loads, (c["body"] for c in calls() if c["body"])) if body["CampaignId"] == campaign]
    people = [name for body in asked for name in body["Endpoints"]]
    equal(sorted(people), sorted(set(people)), f"{name}: nobody was asked about twice")
    equal(len(people), PEOPLE - 1, f"{name}: everybody but the one who opted out was asked about")
    check(max(len(body["Endpoints"]) for body in asked) <= 50, f"{name}: at most 50 to a call")
    for body in asked:
        equal(body["ApplicationId"], app, f"{name}: the app")
        equal(body["TreatmentId"], "0", f"{name}: the treatment")
        equal(body["MessageConfiguration"]["EmailMessage"]["Title"], name, f"{name}: the message")
        for key, endpoint in body["Endpoints"].items():
            cohort = endpoint["Attributes"]["CohortId"]
            check(len(cohort) == 1 and 0 <= int(cohort[0]) <= 99, f"{name}: the cohort of {key}")
            equal(endpoint["Address"], f"person{key.removeprefix('p')}@example.com", f"{name}: the address of {key}")


def main():
    app, segment = audience()
    campaign, balance = run(app, segment, "web", {"Mode": "FILTER", "WebUrl": f"https://127.0.0.1:{PORT}/filter"})
    reached("web", app, campaign, balance)
    campaign, balance = run(app, segment, "lambda", {"Mode": "FILTER", "LambdaFunctionName": "filter"})
    reached("lambda", app, campaign, balance)
    # Twice as long as a lease: the job stays with the worker that waits.
    campaign, balance = run(app, segment, "late", {"Mode": "FILTER", "WebUrl": f"https://127.0.0.1:{PORT}/late"})
    reached("late", app, campaign, balance)
    arn = "arn:aws:lambda:us-west-2:123456789012:function:missing"
    _, balance = run(app, segment, "gone", {"LambdaFunctionName": arn})
    equal(reasons(balance, "gone"), {"HOOK_FAILURE": PEOPLE - 1, "OPT_OUT": 1}, "gone: everybody failed")
    equal(texts("gone"), {}, "gone: nobody got anything")
    endpoint = pinpoint.get_endpoint(ApplicationId=app, EndpointId="p1")["EndpointResponse"]
    equal(endpoint["Attributes"], {"Tier": ["gold"]}, "what a hook changes is not stored")
    finish()


main()
