"""A push campaign to phones and browsers, configured through the API: everybody gets one notification in their platform's form, dead
tokens turn their endpoints INACTIVE, and the next campaign leaves them out by name.

usage: push_story.py URL DIRECTORY    of push_peer.py: where it listens, and where its keys and calls are
Prints `campaign ID` for each campaign that ran.
"""

import json
import pathlib
import sys

from pinpoint_peer import call, check, client, equal, eventually, finish

URL, DIRECTORY = sys.argv[1], pathlib.Path(sys.argv[2])
PHONES = 30
pinpoint = client()


def text(name):
    return (DIRECTORY / name).read_text()


def configure():
    app = pinpoint.create_app(CreateApplicationRequest={"Name": "push"})["ApplicationResponse"]["Id"]
    answer = pinpoint.update_apns_channel(ApplicationId=app, APNSChannelRequest={
        "BundleId": "com.example.app", "TeamId": "TEAM123456", "TokenKeyId": "KEY1234567", "TokenKey": text("apns.p8"),
        "DefaultAuthenticationMethod": "TOKEN", "Enabled": True})["APNSChannelResponse"]
    check(answer["HasTokenKey"] and "TokenKey" not in answer, "the key does not come back")
    pinpoint.update_gcm_channel(ApplicationId=app, GCMChannelRequest={
        "ServiceJson": text("service.json"), "DefaultAuthenticationMethod": "TOKEN", "Enabled": True})
    # The credentials are the channels' own; the providers only say that the services are here.
    for channel, kind in (("apns", "apns"), ("gcm", "fcm")):
        call("PUT", f"/v1/apps/{app}/channels/{channel}/provider", {
            "Providers": [{"Name": "here", "Kind": kind, "Settings": {"Url": URL}}]})
    answer = call("PUT", f"/v1/apps/{app}/channels/push/provider", {"Providers": [{
        "Name": "browsers", "Kind": "webpush", "Settings": {"Subject": "mailto:ops@example.com"},
        "Secrets": {"PrivateKey": text("vapid.pem")}}]})
    check("PRIVATE" not in json.dumps(answer), "nor does the browsers' key")
    return app


def audience(app):
    people = {}
    for n in range(PHONES):
        people[f"apple{n}"] = ("APNS", ("03" if n == 7 else "00") + f"{n:062x}")
        people[f"google{n}"] = ("GCM", f"UNREGISTERED-{n}" if n == 9 else f"device-{n}")
    people["browser"] = ("PUSH", text("subscription.json").replace("NAME", "201"))
    people["closed"] = ("PUSH", text("subscription.json").replace("NAME", "410"))
    items = [
        {"Id": name, "ChannelType": channel, "Address": address, "User": {"UserId": f"user of {name}"}}
        for name, (channel, address) in people.items()]
    pinpoint.update_endpoints_batch(ApplicationId=app, EndpointBatchRequest={"Item": items})
    segment = pinpoint.create_segment(
        ApplicationId=app, WriteSegmentRequest={"Name": "all", "Dimensions": {}})["SegmentResponse"]["Id"]
    return people, segment


def run(app, segment, name):
    campaign = pinpoint.create_campaign(ApplicationId=app, WriteCampaignRequest={
        "Name": name, "SegmentId": segment, "Schedule": {"StartTime": "IMMEDIATE"},
        "MessageConfiguration": {"DefaultMessage": {
            "Title": name, "Body": "Hello {{User.UserId}}", "Action": "DEEP_LINK", "Url": "shop://{{Id}}"}},
    })["CampaignResponse"]["Id"]
    eventually(f"{name} is COMPLETED", lambda: pinpoint.get_campaign(
        ApplicationId=app, CampaignId=campaign)["CampaignResponse"]["State"]["CampaignStatus"] == "COMPLETED", 120)
    print("campaign", campaign, flush=True)
    runs = call("GET", f"/v1/apps/{app}/campaigns/{campaign}/runs")["Item"]
    balance = call("GET", f"/v1/apps/{app}/campaigns/{campaign}/runs/{runs[0]['Id']}/balance")
    reasons = {}
    for treatment in balance["Treatments"]:
        for lines in treatment["Reasons"].values():
            for reason, count in lines.items():
                reasons[reason] = reasons.get(reason, 0) + count
    equal((balance["Balances"], balance["Open"]), (True, 0), f"{name}: the books balance")
    return campaign, balance, reasons


def received(name, campaign):
    """What each person's device was told, by person."""
    found = {}
    with open(DIRECTORY / "calls") as lines:
        calls = [json.loads(line) for line in lines]
    equal([c["problem"] for c in calls if "problem" in c], [], "the services take our tokens and payloads")
    for c in calls:
        if c["path"].startswith("/3/device/"):
            payload = json.loads(c["body"])
            alert, pinpoint_part = payload["aps"]["alert"], payload["data"]["pinpoint"]
            title, body, link, origin = alert["title"], alert["body"], pinpoint_part["deeplink"], pinpoint_part["campaign"]
        elif c["path"].startswith("/v1/projects"):
            data = json.loads(c["body"])["message"]["data"]
            title, body = data["pinpoint.notification.title"], data["pinpoint.notification.body"]
            link = data["pinpoint.deeplink"]
            origin = {"campaign_id": data["pinpoint.campaign.campaign_id"]}
        elif c["path"].startswith("/push/"):
            shown = c["plaintext"]["notification"]
            title, body, link, origin = shown["title"], shown["body"], shown["navigate"], shown["data"]["pinpoint"]["campaign"]
        else:
            continue
        if title != name:
            continue
        equal(origin["campaign_id"], campaign, f"{name}: the campaign in the payload")
        person = link.removeprefix("shop://")
        equal(body, f"Hello user of {person}", f"{name}: what {person} reads")
        check(person not in found, f"{name}: {person} got it once")
        found[person] = c
    return found


def main():
    app = configure()
    people, segment = audience(app)
    dead = {"apple7", "google9", "closed"}
    campaign, balance, reasons = run(app, segment, "first")
    equal(set(received("first", campaign)), set(people), "first: everybody was tried")
    equal(balance["Accepted"], len(people) - len(dead), "first: all but the dead were accepted")
    equal(reasons.get("ADDRESS"), len(dead), "first: the dead are rejected by name")
    for name in sorted(dead):
        endpoint = pinpoint.get_endpoint(ApplicationId=app, EndpointId=name)["EndpointResponse"]
        equal((endpoint["EndpointStatus"], endpoint["OptOut"]), ("INACTIVE", "NONE"), f"{name} is shown as INACTIVE")
    # An SDK writes its endpoint at every start: that alone brings no dead token back.
    pinpoint.update_endpoint(ApplicationId=app, EndpointId="apple7", EndpointRequest={
        "ChannelType": "APNS", "Address": people["apple7"][1], "EndpointStatus": "ACTIVE", "OptOut": "NONE"})
    # A new token does.
    pinpoint.update_endpoint(ApplicationId=app, EndpointId="google9", EndpointRequest={
        "ChannelType": "GCM", "Address": "device-of-a-new-installation"})
    campaign, balance, reasons = run(app, segment, "second")
    equal(set(received("second", campaign)), set(people) - {"apple7", "closed"}, "second: the dead are left alone")
    equal(reasons.get("SUPPRESSED_DEAD_TOKEN"), 2, "second: and the books say why")
    equal(balance["Accepted"], len(people) - 2, "second: the others were accepted")
    finish()


main()
