"""A campaign from the API to the mailbox and back: sent, opened, clicked, unsubscribed from, and counted.

usage: campaign_story.py SINK_FILE    SINK_FILE is where smtp_peer.py keeps what it accepted
Prints `campaign ID` for each campaign that ran.
"""

import base64
import csv
import email
import email.policy
import io
import json
import re
import sys
import urllib.parse

from pinpoint_peer import HOST, call, check, client, equal, eventually, finish, plain, signed, sink_messages

SINK = sys.argv[1]
PEOPLE = 120
JSON = {"Content-Type": "application/json"}
# Both refuse at once: the provider by its reply, the endpoint by its own wish.
REFUSED, OPTED_OUT = "code-550-5.1.1@example.com", "opted-out@example.com"
LINK = "https://shop.example/spring?a=1&b=%C3%A4"

pinpoint = client()


def audience():
    app = pinpoint.create_app(CreateApplicationRequest={"Name": "story"})["ApplicationResponse"]["Id"]
    pinpoint.update_email_channel(
        ApplicationId=app,
        EmailChannelRequest={"FromAddress": "Söndagsbutiken <shop@example.com>", "Identity": "example.com"},
    )
    items = [
        {
            "Id": f"p/{n}",
            "ChannelType": "EMAIL",
            "Address": f"person{n}@example.com",
            "Metrics": {"Purchases": n},
            "User": {"UserId": f"u{n}", "UserAttributes": {"FirstName": [f"Nåmn{n}"]}},
        }
        for n in range(PEOPLE)
    ]
    items[3]["Address"] = REFUSED
    items[4] |= {"Address": OPTED_OUT, "OptOut": "ALL"}
    for start in range(0, PEOPLE, 100):
        pinpoint.update_endpoints_batch(ApplicationId=app, EndpointBatchRequest={"Item": items[start : start + 100]})
    segment = pinpoint.create_segment(
        ApplicationId=app,
        WriteSegmentRequest={
            "Name": "all",
            "Dimensions": {"Metrics": {"Purchases": {"ComparisonOperator": "GREATER_THAN_OR_EQUAL", "Value": 0}}},
        },
    )["SegmentResponse"]["Id"]
    pinpoint.create_email_template(
        TemplateName="story",
        EmailTemplateRequest={
            "Subject": "{{User.UserAttributes.FirstName}}, {{Metrics.Purchases}} köp",
            "HtmlPart": "<html><body><p>Hej {{User.UserAttributes.FirstName}} &lt;3</p>"
            f'<a href="{LINK}">Våren</a></body></html>',
            "TextPart": "Hej {{User.UserAttributes.FirstName}}",
        },
    )
    return app, segment


def run_campaign(app, segment, name, holdout):
    before = len(sink_messages(SINK))
    campaign = pinpoint.create_campaign(
        ApplicationId=app,
        WriteCampaignRequest={
            "Name": name,
            "SegmentId": segment,
            "Schedule": {"StartTime": "IMMEDIATE", "Frequency": "ONCE"},
            "HoldoutPercent": holdout,
            "TemplateConfiguration": {"EmailTemplate": {"Name": "story"}},
            "AdditionalTreatments": [
                {
                    "SizePercent": 45,
                    "TreatmentName": "B",
                    "MessageConfiguration": {
                        "EmailMessage": {
                            "Title": "B {{Id}}",
                            "HtmlBody": f'<p>{{{{Id}}}}</p><a href="{LINK}">B</a>',
                            "Body": "B",
                        }
                    },
                }
            ],
        },
    )["CampaignResponse"]["Id"]
    print("campaign", campaign, flush=True)
    eventually(
        f"{name} completes",
        lambda: pinpoint.get_campaign(ApplicationId=app, CampaignId=campaign)["CampaignResponse"]["State"][
            "CampaignStatus"
        ]
        == "COMPLETED",
    )
    path = f"/v1/apps/{app}/campaigns/{campaign}/runs"
    run = call("GET", path)["Item"][0]["Id"]
    return f"{path}/{run}", call("GET", f"{path}/{run}/balance"), sink_messages(SINK)[before:]


def parsed(message):
    return email.message_from_bytes(base64.b64decode(message["raw"]), policy=email.policy.default)


def html_of(message):
    return parsed(message).get_body(("html",)).get_content()


def books(balance, messages):
    equal((balance["Balances"], balance["Planned"], balance["Open"]), (True, PEOPLE, 0), "the balance sheet balances")
    states = sum(balance[state] for state in ("Accepted", "Rejected", "Suppressed", "Expired", "Unknown"))
    equal(states, PEOPLE, "planned is the sum of the states")
    equal(balance["Accepted"], len(messages), "what is accepted is at the sink")
    equal(balance["Unknown"], 0, "nothing is in doubt")
    reasons = {}
    for treatment in balance["Treatments"]:
        for lines in treatment["Reasons"].values():
            for reason, count in lines.items():
                reasons[reason] = reasons.get(reason, 0) + count
    # The cohort of the one who is refused may be held out.
    check(balance["Rejected"] <= 1, "only the refused address is rejected", balance)
    return reasons


def named(path, balance):
    """The sheet's recipients one by one, as a spreadsheet gets them."""

    def rows(query, headers=None):
        answer = signed("GET", f"{path}/balance{query}", headers=headers)
        check(answer.status == 200, f"recipients as CSV {query}", answer.body[:500])
        return list(csv.DictReader(io.StringIO(answer.body.decode(), newline="")))

    everybody = rows("?format=csv")
    ids = sorted(f"p/{n}" for n in range(PEOPLE))
    equal(sorted(row["EndpointId"] for row in everybody), ids, "everybody is named once")
    equal(everybody, rows("", {"Accept": "text/csv"}), "asked for by Accept it is the same")
    check(all(row["UserId"] == "u" + row["EndpointId"][2:] for row in everybody), "with their users", everybody[:2])
    for bucket in ("Accepted", "Rejected", "Suppressed", "Expired", "Unknown"):
        expected = [row for row in everybody if row["State"] == bucket]
        equal(len(expected), balance[bucket], f"as many {bucket} as the sheet says")
        equal(rows(f"?format=csv&bucket={bucket.lower()}"), expected, f"the bucket {bucket}")
    held = rows("?format=csv&bucket=suppressed&reason=HOLDOUT")
    check(held and all(row["TreatmentId"] == "HOLDOUT" for row in held), "who was held out", held[:2])
    for query in ("?format=xml", "?format=csv&bucket=lost", "?bucket=suppressed"):
        equal(signed("GET", f"{path}/balance{query}").status, 400, f"{query} is refused")
    equal(signed("POST", f"{path}/cancel").status, 409, "a run that is over cannot be cancelled")


def contents(messages):
    ids = [parsed(message)["Message-ID"] for message in messages]
    equal(len(set(ids)), len(messages), "every message has an id of its own")
    recipients = [message["to"][0] for message in messages]
    equal(len(set(recipients)), len(messages), "nobody is written to twice")
    check(REFUSED not in recipients and OPTED_OUT not in recipients, "who refuses or opted out is not written to")
    for message in messages:
        mail = parsed(message)
        number = re.match(r"person(\d+)@", message["to"][0]).group(1)
        check(
            mail["Subject"] in (f"Nåmn{number}, {number} köp", f"B p/{number}"), "a subject of its own", mail["Subject"]
        )
        links = mail["List-Unsubscribe"] or ""
        check(f"http://{HOST}/u/" in links, "List-Unsubscribe is there", links)
        equal(mail["List-Unsubscribe-Post"], "List-Unsubscribe=One-Click", "one-click unsubscribe")
        html = html_of(message)
        check(f"http://{HOST}/t/o/" in html and f"http://{HOST}/t/c/" in html, "tracking is in the message", html)
        check(LINK not in html, "links are rewritten", html)


def link(message, kind):
    return urllib.parse.urlsplit(
        re.search(rf'http://{re.escape(HOST)}(/t/{kind}/[^"<>\s]+)', html_of(message)).group(1)
    ).path


def unsubscribe_link(message):
    return urllib.parse.urlsplit(re.search(r"<(http[^>]+/u/[^>]+)>", parsed(message)["List-Unsubscribe"]).group(1)).path


def engage(messages):
    """Opens by 20, twice by 5 of them; clicks by 8; unsubscribes by 3, one of them twice."""
    for message in messages[:20] + messages[:5]:
        answer = plain("GET", link(message, "o"))
        equal((answer.status, answer.headers["Content-Type"]), (200, "image/gif"), "an open gets its pixel")
    for message in messages[:8]:
        answer = plain("GET", link(message, "c"))
        equal((answer.status, answer.headers["Location"]), (302, LINK), "a click goes on to its target")
    for message in messages[:3] + messages[:1]:
        path = unsubscribe_link(message)
        equal(plain("GET", path).status, 200, "the unsubscribe page")
        answer = plain(
            "POST", path, "List-Unsubscribe=One-Click", {"Content-Type": "application/x-www-form-urlencoded"}
        )
        equal(answer.status, 200, "one-click unsubscribe is answered")
    # A scanner that looks at the page of a fourth changes nothing.
    equal(plain("GET", unsubscribe_link(messages[3])).status, 200, "the page of a fourth")
    forged = link(messages[0], "c")
    equal(plain("GET", forged[:-4] + ("AAAA" if forged[-4:] != "AAAA" else "BBBB")).status, 404, "a forged token")


def counted(path):
    totals = {"UniqueOpens": 20, "UniqueClicks": 8, "Unsubscribes": 3}

    def reached():
        treatments = call("GET", f"{path}/engagement")["Treatments"]
        return {name: sum(item[name] for item in treatments) for name in totals} == totals and treatments

    treatments = eventually("opens, clicks and unsubscribes are counted", reached)
    equal(sum(item["Opens"] for item in treatments), 25, "repeated opens are counted apart")
    for item in treatments:
        rate = item["OpenRate"]
        check(rate["Low"] <= rate["Rate"] <= rate["High"], "a rate lies in its interval", rate)


def test_sends(app):
    """A template to a few people, before anybody else gets it: a run of no campaign, with books of its own."""
    person = {"ApplicationId": app, "EndpointIds": ["p/0", "p/1", "p/4"]}

    def send(kind, value):
        answer = signed("POST", f"/v1/templates/story/{kind}/test", json.dumps(value).encode(), headers=JSON)
        if not check(answer.status == 202, f"a test send of {kind} is accepted", answer.body):
            finish()
        sent = answer.json
        path = f"/v1/apps/{app}/campaigns/{sent['CampaignId']}/runs/{sent['RunId']}/balance"

        def over():
            # Read in several looks, so that one beside a commit may not add up.
            found = call("GET", path)
            return found["Open"] == 0 and found["Balances"] and found

        books = eventually(f"a test send of {kind} is over and balances", over)
        reasons = {}
        for treatment in books["Treatments"]:
            for lines in treatment["Reasons"].values():
                reasons |= lines
        return sent, books, reasons

    sent, books, reasons = send("email", person)
    equal((books["Planned"], books["Accepted"], reasons), (3, 2, {"OPT_OUT": 1}), "who opted out gets no test either")
    mails = {message["to"][0]: parsed(message) for message in sink_messages(SINK)}
    equal(sorted(mails), ["person0@example.com", "person1@example.com"], "a test send arrives")
    equal(mails["person1@example.com"]["Subject"], "Nåmn1, 1 köp", "rendered for the person")
    unsaved = person | {"EndpointIds": ["p/2"], "Content": {"Subject": "Draft", "TextPart": "{{Address}}"}}
    send("email", unsaved)
    equal([parsed(message)["Subject"] for message in sink_messages(SINK)[2:]], ["Draft"], "unsaved text arrives")
    _, books, reasons = send("sms", person | {"EndpointIds": ["p/2"], "Content": {"Body": "x"}})
    equal((books["Suppressed"], reasons), (1, {"ENDPOINT_CHANNEL_MISMATCH": 1}), "an e-mail address gets no text")
    pinpoint.update_endpoint(
        ApplicationId=app, EndpointId="phone", EndpointRequest={"ChannelType": "SMS", "Address": "+46700000001"}
    )
    _, books, reasons = send("sms", person | {"EndpointIds": ["phone"], "Content": {"Body": "x"}})
    # No worker sends texts yet.
    equal(reasons, {"UNSUPPORTED_CHANNEL": 1}, "a text says why it is not sent")
    pinpoint.delete_endpoint(ApplicationId=app, EndpointId="phone")
    print("campaign", sent["CampaignId"], flush=True)


def main():
    app, segment = audience()
    test_sends(app)
    path, balance, messages = run_campaign(app, segment, "first", 10)
    reasons = books(balance, messages)
    equal(
        reasons.get("OPT_OUT", 0) + reasons.get("HOLDOUT", 0), balance["Suppressed"], "suppressed for two reasons only"
    )
    named(path, balance)
    contents(messages)
    engage(messages)
    counted(path)
    left = {messages[n]["to"][0] for n in range(3)}
    for address in left:
        number = re.match(r"person(\d+)@", address).group(1)
        endpoint = pinpoint.get_endpoint(ApplicationId=app, EndpointId=f"p/{number}")["EndpointResponse"]
        equal(endpoint["OptOut"], "ALL", "an unsubscribed person is shown as opted out")
        # What a client's SDK sends at every start does not take it back.
        pinpoint.update_endpoint(
            ApplicationId=app,
            EndpointId=f"p/{number}",
            EndpointRequest={"ChannelType": "EMAIL", "Address": address, "OptOut": "NONE"},
        )
    _, balance, messages = run_campaign(app, segment, "second", 0)
    reached = {message["to"][0] for message in messages}
    check(not (left & reached), "the next campaign does not write to who unsubscribed", left & reached)
    equal(balance["Planned"], PEOPLE, "they are planned for and suppressed, not forgotten")
    # The three, the one who opted out, and the refused address if its refusal suppressed it.
    check(balance["Suppressed"] in (4, 5), "suppressed in the second campaign", balance)
    equal(balance["Accepted"], len(messages), "what is accepted is at the sink")
    check("person4@example.com" not in reached, "who opted out is not written to")
    finish()


main()
