"""A campaign of calls, from a voice template to the development inbox, and to a provider of kind twilio-calls.

usage: voice_story.py TWILIO_URL
Prints `inbox CAMPAIGN` and `twilio CAMPAIGN`, and `app APP` for the second.
"""
import json
import sys

from pinpoint_peer import call, check, client, equal, eventually, finish, signed

TWILIO = sys.argv[1]
# In Sweden, where no law of ours keeps phones silent at any hour of a test.
PEOPLE = 20
OPTED_OUT, WRONG, DEAD = 11, 12, 13

pinpoint = client()


def audience(name):
    app = pinpoint.create_app(CreateApplicationRequest={"Name": name})["ApplicationResponse"]["Id"]
    pinpoint.update_voice_channel(ApplicationId=app, VoiceChannelRequest={"Enabled": True})
    items = [
        {"Id": f"p{n}", "ChannelType": "VOICE", "Address": "nobody" if n == WRONG else f"+46 70 000 {100 + n:04d}",
         "Attributes": {"Name": [f"<Person> & {n}"]}, "OptOut": "ALL" if n == OPTED_OUT else "NONE"}
        for n in range(PEOPLE)
    ]
    pinpoint.update_endpoints_batch(ApplicationId=app, EndpointBatchRequest={"Item": items})
    segment = pinpoint.create_segment(
        ApplicationId=app, WriteSegmentRequest={"Name": "all", "Dimensions": {}})["SegmentResponse"]["Id"]
    return app, segment


def run(app, segment, name):
    campaign = pinpoint.create_campaign(
        ApplicationId=app,
        WriteCampaignRequest={
            "Name": name, "SegmentId": segment, "Schedule": {"StartTime": "IMMEDIATE"},
            "TemplateConfiguration": {"VoiceTemplate": {"Name": "ring"}},
        },
    )["CampaignResponse"]["Id"]

    def ended():
        answer = pinpoint.get_campaign(ApplicationId=app, CampaignId=campaign)
        return answer["CampaignResponse"]["State"]["CampaignStatus"] == "COMPLETED"

    eventually(f"{name} is COMPLETED", ended, 120)
    runs = call("GET", f"/v1/apps/{app}/campaigns/{campaign}/runs")["Item"]
    balance = call("GET", f"/v1/apps/{app}/campaigns/{campaign}/runs/{runs[0]['Id']}/balance")
    equal((balance["Balances"], balance["Open"]), (True, 0), f"{name}: the books balance")
    return campaign, balance


template = json.dumps({
    "Body": "<speak>Hello <emphasis>{{Attributes.Name}}</emphasis></speak>", "LanguageCode": "en-US", "VoiceId": "JOANNA",
    "Needletail": {"Gather": {"NumDigits": 1, "Timeout": 7, "Prompt": "Press 9 for no more", "OptOutDigit": "9"},
                   "OriginationNumber": "+15005550006"},
}).encode()
# botocore's model has no extension, so that the request is written by hand.
created = signed("POST", "/v1/templates/ring/voice", template, headers={"Content-Type": "application/json"})
equal(created.status, 201, "the template is created")
app, segment = audience("inbox")
campaign, balance = run(app, segment, "inbox")
equal(balance["Accepted"], PEOPLE - 2, "inbox: all but two are called")
print("inbox", campaign, flush=True)

app, segment = audience("twilio")
answer = call("PUT", f"/v1/apps/{app}/channels/voice/provider", {"Providers": [{
    "Name": "main", "Kind": "twilio-calls",
    "Settings": {"AccountSid": "AC0123456789abcdef0123456789abcdef", "Url": TWILIO},
    "Secrets": {"AuthToken": "a token of a test"},
}]})
check("a token of a test" not in json.dumps(answer), "the token does not come back", answer)
campaign, balance = run(app, segment, "twilio")
equal(balance["Accepted"], PEOPLE - 3, "twilio: all but three are called")
endpoint = pinpoint.get_endpoint(ApplicationId=app, EndpointId=f"p{DEAD}")["EndpointResponse"]
equal(endpoint["EndpointStatus"], "INACTIVE", "twilio: a number that does not exist gets no more calls")
endpoint = pinpoint.get_endpoint(ApplicationId=app, EndpointId=f"p{WRONG}")["EndpointResponse"]
equal(endpoint["EndpointStatus"], "ACTIVE", "twilio: what is no number says nothing of one that is")
print("twilio", campaign, flush=True)
print("app", app, flush=True)
finish()
