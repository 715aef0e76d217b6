"""Campaigns that events start, from PutEvents to the mailbox: who gets a message, who does not, how long it takes.

usage: event_story.py SINK_FILE EVENTS    SINK_FILE is where smtp_peer.py keeps what it accepted; EVENTS are timed
With 0 it ends when a campaign that every purchase starts is on.
Prints `app ID`, `campaign ID` for each campaign that sent, and `latency …`.
"""

import base64
import datetime
import email
import email.policy
import itertools
import json
import os
import re
import sys
import time
import urllib.parse

import botocore.exceptions

from pinpoint_peer import HOST, call, check, client, equal, eventually, finish, plain

SINK, EVENTS = sys.argv[1], int(sys.argv[2])
GOLD, LEAD, OPTED_OUT = range(0, 30), range(30, 35), 35
LINK = "https://shop.example/thanks"
# A change of a campaign holds for events from a second later on.
SETTLED = 1.2

pinpoint = client()
numbers = itertools.count()


def address(person):
    return f"person{person}@example.com"


class Mailbox:
    """What came in, read as it grows."""

    def __init__(self):
        self.file = None
        self.messages = []

    def look(self):
        if self.file is None:
            if not os.path.exists(SINK):
                return self.messages
            self.file = open(SINK)
        while True:
            place = self.file.tell()
            line = self.file.readline()
            if not line.endswith("\n"):
                self.file.seek(place)
                return self.messages
            message = json.loads(line)
            mail = email.message_from_bytes(base64.b64decode(message["raw"]), policy=email.policy.default)
            self.messages.append((message["to"][0], mail["Subject"], mail))

    def count(self, person=None, subject=None):
        return sum(
            1
            for to, title, _ in self.look()
            if (person is None or to == address(person)) and (subject is None or title == subject)
        )


mailbox = Mailbox()


def iso(at=None):
    at = at or datetime.datetime.now(datetime.timezone.utc)
    return at.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def put(app, person, event_type="purchase", key=None, at=None, shop="berlin", price=20.0):
    key = key or f"e{next(numbers)}"
    event = {"EventType": event_type, "Timestamp": at or iso(), "Attributes": {"shop": shop}, "Metrics": {"price": price}}
    answer = pinpoint.put_events(
        ApplicationId=app,
        EventsRequest={"BatchItem": {f"p{person}": {"Endpoint": {}, "Events": {key: event}}}},
    )["EventsResponse"]["Results"][f"p{person}"]
    if answer["EventsItemResponse"][key]["StatusCode"] != 202:
        check(False, "an event is accepted", answer)


def audience():
    app = pinpoint.create_app(CreateApplicationRequest={"Name": "events"})["ApplicationResponse"]["Id"]
    pinpoint.update_email_channel(
        ApplicationId=app, EmailChannelRequest={"FromAddress": "shop@example.com", "Identity": "example.com"}
    )
    items = [
        {
            "Id": f"p{person}",
            "ChannelType": "EMAIL",
            "Address": address(person),
            "Attributes": {"tier": ["lead" if person in LEAD else "gold"]},
            "OptOut": "ALL" if person == OPTED_OUT else "NONE",
        }
        for person in range(36)
    ]
    pinpoint.update_endpoints_batch(ApplicationId=app, EndpointBatchRequest={"Item": items})
    segment = pinpoint.create_segment(
        ApplicationId=app,
        WriteSegmentRequest={
            "Name": "gold",
            "Dimensions": {"Attributes": {"tier": {"AttributeType": "INCLUSIVE", "Values": ["gold"]}}},
        },
    )["SegmentResponse"]["Id"]
    print("app", app, flush=True)
    return app, segment


def definition(segment, title, dimensions, filter_type="ENDPOINT", **more):
    return {
        "Name": title,
        "SegmentId": segment,
        "Schedule": {
            "StartTime": "IMMEDIATE",
            "Frequency": "EVENT",
            "EventFilter": {"FilterType": filter_type, "Dimensions": dimensions},
        },
        "MessageConfiguration": {
            "EmailMessage": {"Title": title, "HtmlBody": f'<a href="{LINK}">{title}</a>', "Body": title}
        },
    } | more


def types(*names):
    return {"DimensionType": "INCLUSIVE", "Values": list(names)}


PURCHASES = {
    "EventType": types("purchase", "sale"),
    "Attributes": {"shop": {"AttributeType": "INCLUSIVE", "Values": ["berlin", "lund"]}},
    "Metrics": {"price": {"ComparisonOperator": "GREATER_THAN", "Value": 10}},
}


def create(app, request):
    campaign = pinpoint.create_campaign(ApplicationId=app, WriteCampaignRequest=request)["CampaignResponse"]
    equal(campaign["State"]["CampaignStatus"], "SCHEDULED", "a new campaign is scheduled")
    equal(campaign["Schedule"]["EventFilter"], request["Schedule"]["EventFilter"], "the filter is kept as written")
    eventually("the campaign is on", lambda: status(app, campaign["Id"]) == "EXECUTING")
    print("campaign", campaign["Id"], flush=True)
    return campaign["Id"]


def status(app, campaign):
    return pinpoint.get_campaign(ApplicationId=app, CampaignId=campaign)["CampaignResponse"]["State"]["CampaignStatus"]


def who_gets_it(app):
    """One event of each kind, and last one that must arrive: then the others had their time."""
    put(app, 1, "sneeze")
    put(app, 2, shop="paris")
    put(app, 3, price=10)
    put(app, LEAD[0])
    put(app, OPTED_OUT)
    put(app, 4, at=iso(datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(hours=1)))
    at = iso()
    for _ in range(3):
        put(app, 5, key="same", at=at)
    put(app, 6, shop="lund")
    put(app, 6, "sale")
    eventually("both events of one person are sent for", lambda: mailbox.count(6, "thanks") == 2)
    eventually("an event that is repeated is sent for", lambda: mailbox.count(5, "thanks") >= 1)
    put(app, 7)
    eventually("the last is sent for", lambda: mailbox.count(7, "thanks") == 1)
    equal(mailbox.count(5, "thanks"), 1, "an event that is repeated is sent for once")
    for person, why in [
        (1, "another type"), (2, "another value"), (3, "a metric that is too small"), (4, "an event from before the start"),
        (LEAD[0], "a person outside of the segment"), (OPTED_OUT, "a person who opted out"),
    ]:
        equal(mailbox.count(person), 0, f"nothing is sent for {why}")


def latency(app):
    """One event at a time: from the request to the message in the server's hands."""
    times = []
    for n in range(EVENTS):
        before = len(mailbox.look())
        start = time.monotonic()
        put(app, 8 + n % 20)
        while len(mailbox.look()) == before:
            if time.monotonic() - start > 30:
                check(False, "an event is sent for", n)
                finish()
            time.sleep(0.001)
        times.append(time.monotonic() - start)
    times.sort()
    picked = {name: times[min(len(times) - 1, int(len(times) * share))] for name, share in
              [("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("max", 1)]}
    print("latency", " ".join(f"{name} {value * 1000:.0f} ms" for name, value in picked.items()), flush=True)
    check(picked["p99"] < 1, "from event to accepted by the provider in under a second (p99)", picked)


def books(app, campaign, accepted):
    path = f"/v1/apps/{app}/campaigns/{campaign}/runs"

    def over():
        sheets = [call("GET", f"{path}/{run['Id']}/balance") for run in call("GET", path)["Item"]]
        total = {name: sum(sheet[name] for sheet in sheets) for name in ("Planned", "Accepted", "Suppressed", "Open")}
        return total["Open"] == 0 and all(sheet["Balances"] for sheet in sheets) and total

    total = eventually("the books balance", over)
    equal((total["Accepted"], total["Suppressed"]), (accepted, 1), "who opted out is in the books, the others are sent to")

    def counted():
        items = pinpoint.get_campaign_activities(ApplicationId=app, CampaignId=campaign)["ActivitiesResponse"]["Item"]
        return sum(item["SuccessfulEndpointCount"] for item in items) == accepted and items

    items = eventually("the activities count them", counted)
    equal({item["State"] for item in items}, {"RUNNING"}, "the activity goes on")
    equal(sum(item["TotalEndpointCount"] for item in items), total["Planned"], "everybody planned is in the activity")
    kpi = eventually(
        "the figures count them",
        lambda: pinpoint.get_campaign_date_range_kpi(
            ApplicationId=app, CampaignId=campaign, KpiName="unique-deliveries"
        )["CampaignDateRangeKpiResponse"]["KpiResult"]["Rows"],
    )
    check(float(kpi[0]["Values"][0]["Value"]) > 0, "unique deliveries", kpi)


def service_events(app, segment, first):
    """A click in a message, and the sending of one, start others; those start none."""
    clicked = {
        "EventType": types("_email.click"),
        "Attributes": {"campaign_id": {"AttributeType": "INCLUSIVE", "Values": [first]}},
    }
    click = create(app, definition(segment, "clicked", clicked, "SYSTEM"))
    sent = create(app, definition(segment, "sent", {"EventType": types("_email.send")}, "SYSTEM"))
    time.sleep(SETTLED)
    mail = next(mail for to, title, mail in mailbox.look() if (to, title) == (address(7), "thanks"))
    html = mail.get_body(("html",)).get_content()
    target = urllib.parse.urlsplit(re.search(rf'http://{re.escape(HOST)}(/t/c/[^"<>\s]+)', html).group(1)).path
    equal(plain("GET", target).status, 302, "a click goes on to its target")
    eventually("a click starts a campaign", lambda: mailbox.count(7, "clicked") == 1)
    put(app, 28)
    eventually("the sending of a message starts a campaign", lambda: mailbox.count(28, "sent") == 1)
    put(app, 29)
    eventually("again", lambda: mailbox.count(29, "sent") == 1)
    equal(mailbox.count(28, "sent"), 1, "which does not start itself")
    equal(mailbox.count(7, "sent"), 0, "nor is started by what another event of ours started")
    for campaign in (click, sent):
        pinpoint.delete_campaign(ApplicationId=app, CampaignId=campaign)


def pause_and_edit(app, segment, campaign):
    request = definition(segment, "thanks", PURCHASES)
    pinpoint.update_campaign(ApplicationId=app, CampaignId=campaign, WriteCampaignRequest=request | {"IsPaused": True})
    equal(status(app, campaign), "PAUSED", "a campaign that starts IMMEDIATE is paused")
    time.sleep(SETTLED)
    before = mailbox.count()
    put(app, 1)
    request = definition(segment, "edited", {"EventType": types("sale")})
    pinpoint.update_campaign(ApplicationId=app, CampaignId=campaign, WriteCampaignRequest=request)
    time.sleep(SETTLED)
    put(app, 2)
    put(app, 3, "sale")
    eventually("the edited campaign is started by its new event", lambda: mailbox.count(3, "edited") == 1)
    equal(mailbox.count(), before + 1, "nothing is sent for an event while paused, or of the type before")


def refused(what, status_code, word, request, app):
    try:
        pinpoint.create_campaign(ApplicationId=app, WriteCampaignRequest=request)
        check(False, what, "accepted")
    except botocore.exceptions.ClientError as error:
        equal(error.response["ResponseMetadata"]["HTTPStatusCode"], status_code, what)
        check(word in error.response["Error"]["Message"], f"{what}: {word}", error)


def limits(app, segment):
    future = iso(datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=1))
    request = definition(segment, "later", PURCHASES)
    request["Schedule"]["StartTime"] = future
    # One is there.
    for _ in range(24):
        pinpoint.create_campaign(ApplicationId=app, WriteCampaignRequest=request)
    refused("the 26th campaign is refused", 400, "25 active event-triggered campaigns", request, app)
    empty = definition(segment, "empty", {})
    refused("a filter that names nothing is refused", 400, "Schedule.EventFilter.Dimensions", empty, app)
    wrong = definition(segment, "wrong", PURCHASES | {"Metrics": {"price": {"ComparisonOperator": "MORE", "Value": 1}}})
    refused("an unknown operator is refused", 400, "Metrics.price.ComparisonOperator", wrong, app)


def main():
    app, segment = audience()
    if EVENTS == 0:
        create(app, definition(segment, "thanks", {"EventType": types("purchase")}))
        time.sleep(SETTLED)
        finish()
    campaign = create(app, definition(segment, "thanks", PURCHASES))
    time.sleep(SETTLED)
    who_gets_it(app)
    latency(app)
    books(app, campaign, mailbox.count())
    service_events(app, segment, campaign)
    pause_and_edit(app, segment, campaign)
    limits(app, segment)
    finish()


main()
