"""People of a campaign whose mail comes back: the campaign before, and what is left after.

usage: mail_in_story.py before LMTP_DOMAIN        prints `app ID`, `secret …`, `inbound URL`, `run ID`
       mail_in_story.py after APP SINK_FILE       expects the state after a bounce, a complaint and an opt-out
"""
import sys

from pinpoint_peer import call, check, client, equal, eventually, finish, sink_messages

PEOPLE = ["bounces", "complains", "leaves", "answers"]
pinpoint = client()


def campaign(app, segment, name):
    id = pinpoint.create_campaign(
        ApplicationId=app,
        WriteCampaignRequest={
            "Name": name,
            "SegmentId": segment,
            "Schedule": {"StartTime": "IMMEDIATE", "Frequency": "ONCE"},
            "MessageConfiguration": {"EmailMessage": {"Title": name, "HtmlBody": "<p>Hi</p>", "Body": "Hi"}},
        },
    )["CampaignResponse"]["Id"]
    eventually(
        f"{name} completes",
        lambda: pinpoint.get_campaign(ApplicationId=app, CampaignId=id)["CampaignResponse"]["State"]["CampaignStatus"]
        == "COMPLETED",
    )
    runs = call("GET", f"/v1/apps/{app}/campaigns/{id}/runs")["Item"]
    return id, runs[0]["Id"]


def before(domain):
    app = pinpoint.create_app(CreateApplicationRequest={"Name": "mail"})["ApplicationResponse"]["Id"]
    pinpoint.update_email_channel(
        ApplicationId=app, EmailChannelRequest={"FromAddress": "shop@example.com", "Identity": "example.com"}
    )
    secret = "a-secret-for-the-pipe-of-postfix"
    answer = call(
        "PUT",
        f"/v1/apps/{app}/channels/email/provider",
        {"Providers": [{"Name": "post", "Kind": "mail", "Settings": {"Domains": domain}, "Secrets": {"Secret": secret}}]},
    )
    check(secret not in str(answer), "a secret is never returned")
    pinpoint.update_endpoints_batch(
        ApplicationId=app,
        EndpointBatchRequest={
            "Item": [
                {"Id": name, "ChannelType": "EMAIL", "Address": f"{name}@example.com", "User": {"UserId": name}}
                for name in PEOPLE
            ]
        },
    )
    segment = pinpoint.create_segment(
        ApplicationId=app,
        WriteSegmentRequest={
            "Name": "all",
            "Dimensions": {"Demographic": {"Channel": {"DimensionType": "INCLUSIVE", "Values": ["EMAIL"]}}},
        },
    )["SegmentResponse"]["Id"]
    _, run = campaign(app, segment, "first")
    print("app", app)
    print("segment", segment)
    print("secret", secret)
    print("inbound", answer["Providers"][0]["InboundUrl"])
    print("run", run)


def after(app, segment, sink):
    def endpoint(name):
        return pinpoint.get_endpoint(ApplicationId=app, EndpointId=name)["EndpointResponse"]

    equal(endpoint("bounces")["EndpointStatus"], "INACTIVE", "a hard bounce makes the endpoint inactive")
    equal(endpoint("complains")["OptOut"], "ALL", "a complaint opts out")
    equal(endpoint("leaves")["OptOut"], "ALL", "a mail to the unsubscribe address opts out")
    equal((endpoint("answers")["OptOut"], endpoint("answers")["EndpointStatus"]), ("NONE", "ACTIVE"), "a reply does not")
    sent = len(sink_messages(sink))
    campaign(app, segment, "second")
    equal(
        [message["to"] for message in sink_messages(sink)[sent:]],
        [["answers@example.com"]],
        "the next campaign reaches who is left",
    )


{"before": before, "after": after}[sys.argv[1]](*sys.argv[2:])
finish()
