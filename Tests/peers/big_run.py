"""Loads recipients, starts a campaign on all of them, and waits for its end.

usage: big_run.py RECIPIENTS
Prints `app ID`, `campaign ID`, `run ID` when it starts, and `balance JSON` at its end.
"""

import json
import sys

from pinpoint_peer import call, client, eventually, finish

pinpoint = client()
count = int(sys.argv[1])
app = pinpoint.create_app(CreateApplicationRequest={"Name": "big"})["ApplicationResponse"]["Id"]
print("app", app, flush=True)
pinpoint.update_email_channel(
    ApplicationId=app, EmailChannelRequest={"FromAddress": "a@example.com", "Identity": "example.com"}
)
for start in range(0, count, 100):
    pinpoint.update_endpoints_batch(
        ApplicationId=app,
        EndpointBatchRequest={
            "Item": [
                {"Id": f"p{n}", "ChannelType": "EMAIL", "Address": f"p{n}@example.com", "Attributes": {"all": ["yes"]}}
                for n in range(start, min(count, start + 100))
            ]
        },
    )
segment = pinpoint.create_segment(
    ApplicationId=app,
    WriteSegmentRequest={
        "Name": "all",
        "Dimensions": {"Attributes": {"all": {"AttributeType": "INCLUSIVE", "Values": ["yes"]}}},
    },
)["SegmentResponse"]["Id"]
campaign = pinpoint.create_campaign(
    ApplicationId=app,
    WriteCampaignRequest={
        "Name": "big",
        "SegmentId": segment,
        "Schedule": {"StartTime": "IMMEDIATE"},
        "MessageConfiguration": {"EmailMessage": {"Title": "Hello {{Id}}", "HtmlBody": "<p>{{Id}}</p>"}},
    },
)["CampaignResponse"]["Id"]
print("campaign", campaign, flush=True)
path = f"/v1/apps/{app}/campaigns/{campaign}/runs"
run = eventually("the run starts", lambda: call("GET", path)["Item"])[0]["Id"]
print("run", run, flush=True)
eventually(
    "the run completes",
    lambda: pinpoint.get_campaign(ApplicationId=app, CampaignId=campaign)["CampaignResponse"]["State"]["CampaignStatus"]
    == "COMPLETED",
    180,
)
print("balance", json.dumps(call("GET", f"{path}/{run}/balance")), flush=True)
finish()
