"""Campaigns by text, from the API to the provider: an SMS template into the development inbox, and e-mail and texts of one campaign to
people of both channels, the texts through a provider of kind twilio.

usage: sms_story.py SINK_FILE TWILIO_URL
Prints `inbox CAMPAIGN` and `twilio CAMPAIGN`, and `app APP` for the second.
"""
import json
import sys

from pinpoint_peer import call, check, client, equal, eventually, finish, sink_messages

SINK, TWILIO = sys.argv[1:3]
PEOPLE = 40
OPTED_OUT, WRONG, DEAD, BUSY = 11, 12, 13, 14

pinpoint = client()


def audience(name, more=()):
    app = pinpoint.create_app(CreateApplicationRequest={"Name": name})["ApplicationResponse"]["Id"]
    items = [
        {"Id": f"p{n}", "ChannelType": "SMS", "Address": "0701" if n == WRONG else f"+46 70 000 {n:04d}",
         "Attributes": {"Name": [f"Person {n}"]}, "OptOut": "ALL" if n == OPTED_OUT else "NONE",
         "Demographic": {"Locale": "sv_SE" if n % 2 else "en_GB"}}
        for n in range(PEOPLE)
    ]
    items += more
    for start in range(0, len(items), 100):
        pinpoint.update_endpoints_batch(ApplicationId=app, EndpointBatchRequest={"Item": items[start:start + 100]})
    segment = pinpoint.create_segment(
        ApplicationId=app, WriteSegmentRequest={"Name": "all", "Dimensions": {}})["SegmentResponse"]["Id"]
    return app, segment


def run(app, segment, name, **content):
    campaign = pinpoint.create_campaign(
        ApplicationId=app,
        WriteCampaignRequest={"Name": name, "SegmentId": segment, "Schedule": {"StartTime": "IMMEDIATE"}, **content},
    )["CampaignResponse"]["Id"]

    def ended():
        answer = pinpoint.get_campaign(ApplicationId=app, CampaignId=campaign)
        return answer["CampaignResponse"]["State"]["CampaignStatus"] == "COMPLETED"

    eventually(f"{name} is COMPLETED", ended, 120)
    runs = call("GET", f"/v1/apps/{app}/campaigns/{campaign}/runs")["Item"]
    balance = call("GET", f"/v1/apps/{app}/campaigns/{campaign}/runs/{runs[0]['Id']}/balance")
    equal((balance["Balances"], balance["Open"]), (True, 0), f"{name}: the books balance")
    counts = {}
    for treatment in balance["Treatments"]:
        for lines in treatment["Reasons"].values():
            for reason, count in lines.items():
                counts[reason] = counts.get(reason, 0) + count
    return campaign, balance, counts


def into_the_inbox():
    app, segment = audience("inbox")
    pinpoint.update_sms_channel(ApplicationId=app, SMSChannelRequest={"SenderId": "SHOP"})
    pinpoint.create_sms_template(
        TemplateName="words",
        SMSTemplateRequest={"Body": "Hi {{Attributes.Name}}{{Attributes.Gone}}",
                            "DefaultSubstitutions": json.dumps({"Attributes.Gone": "!"})})
    campaign, balance, reasons = run(
        app, segment, "inbox", TemplateConfiguration={"SMSTemplate": {"Name": "words"}})
    equal(balance["Accepted"], PEOPLE - 2, "inbox: all but two are accepted")
    equal(reasons, {"OPT_OUT": 1, "ADDRESS": 1}, "inbox: why two are not")
    endpoint = pinpoint.get_endpoint(ApplicationId=app, EndpointId=f"p{WRONG}")["EndpointResponse"]
    equal(endpoint["EndpointStatus"], "INACTIVE", "inbox: a number without a country gets no more")
    print("inbox", campaign, flush=True)


def through_twilio():
    readers = [
        {"Id": f"m{n}", "ChannelType": "EMAIL", "Address": f"person{n}@example.com", "Attributes": {"Name": [f"Reader {n}"]}}
        for n in range(5)
    ]
    app, segment = audience("twilio", readers)
    pinpoint.update_email_channel(
        ApplicationId=app, EmailChannelRequest={"FromAddress": "shop@example.com", "Identity": "example.com"})
    pinpoint.update_sms_channel(ApplicationId=app, SMSChannelRequest={"ShortCode": "12345"})
    provider = {
        "Name": "main", "Kind": "twilio",
        "Settings": {"AccountSid": "AC0123456789abcdef0123456789abcdef", "Url": TWILIO},
        "Secrets": {"AuthToken": "a token of a test"},
    }
    answer = call("PUT", f"/v1/apps/{app}/channels/sms/provider", {"Providers": [provider]})
    check("a token of a test" not in json.dumps(answer), "the token does not come back", answer)
    campaign, balance, reasons = run(
        app, segment, "twilio", MessageConfiguration={
            "SMSMessage": {"Body": "Hi {{Attributes.Name}}", "MessageType": "TRANSACTIONAL"},
            "EmailMessage": {"Title": "twilio", "Body": "Hi {{Attributes.Name}}"},
        })
    equal(balance["Planned"], PEOPLE + 5, "twilio: people of both channels are planned")
    equal(balance["Accepted"], PEOPLE - 3 + 5, "twilio: all but three are accepted")
    equal(reasons, {"OPT_OUT": 1, "ADDRESS": 2}, "twilio: why three are not")
    equal(len(sink_messages(SINK)), 5, "twilio: readers of e-mail got e-mails")
    for number in (WRONG, DEAD):
        endpoint = pinpoint.get_endpoint(ApplicationId=app, EndpointId=f"p{number}")["EndpointResponse"]
        equal(endpoint["EndpointStatus"], "INACTIVE", f"twilio: {number} gets no more")
    print("twilio", campaign, flush=True)
    print("app", app, flush=True)


into_the_inbox()
through_twilio()
finish()
