"""A visitor in real Chromium on a page of another origin than the suite's: the web SDK records what she does, and a segment finds
her by it. Prints `endpoint ID`, and `expect TYPE COUNT` for what must be stored of that endpoint in the end.

usage: web_sdk_story.py
"""

import http.server
import json
import threading
import time

from chromium import Chromium
from pinpoint_peer import URL, call, check, client, equal, eventually, finish, plain, signed

PAGE = """<!doctype html><html><head><meta charset="utf-8"><title>%(title)s</title>
<link rel="icon" href="data:,"><script src="%(url)s/sdk/needletail.js"></script></head>
<body><script>needletail.init(%(options)s);</script></body></html>"""

pinpoint = client()


class Shop(http.server.BaseHTTPRequestHandler):
    options = {}

    def do_GET(self):
        path = self.path.split("?")[0]
        options = self.options | ({"consent": False} if path == "/asks" else {})
        page = PAGE % {"title": f"Söndag {path}", "url": URL, "options": json.dumps(options)}
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write(page.encode())

    def log_message(self, *_):
        pass


def serve():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Shop)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}"


def make_key(app, origin):
    body = json.dumps({"Name": "story", "AllowedOrigins": [origin]}).encode()
    answer = signed("POST", f"/v1/apps/{app}/write-keys", body, headers={"Content-Type": "application/json"})
    equal(answer.status, 201, "CreateWriteKey")
    return answer.json["WriteKey"]


def queued(page):
    return page.run(f"JSON.parse(localStorage['needletail.{Shop.options['app']}'] || '{{\"queue\":[]}}').queue.map(e => e[2].EventType)")


def emptied(page):
    page.until("JSON.parse(localStorage['needletail.%s']).queue.length === 0" % Shop.options["app"])


def events_of(page, kind):
    return [r for r in page.requests if "/events" in r["url"] and r["method"] == "POST" and r["type"] == kind]


def visit(browser, shop):
    """Reads a page, signs in, buys; goes on to the next page."""
    page = browser.open()
    page.go(f"{shop}/first?utm_source=söndag")
    endpoint = page.run("needletail.endpointId")
    print("endpoint", endpoint, flush=True)
    looked = page.run("performance.now()")
    page.until(f"performance.now() > {looked + 1000}")
    page.run("needletail.identify('anna', {plan: 'gold', langs: ['sv', 'en']}, {address: 'anna@example.com', channelType: 'EMAIL'})")
    page.run("needletail.purchase({productId: 'cd-7', price: 12.5, quantity: 2, currency: 'SEK'}, {note: 'half \\ud83d a character, \\0 and ' + 'x'.repeat(300)})")
    emptied(page)
    got = pinpoint.get_endpoint(ApplicationId=Shop.options["app"], EndpointId=endpoint)["EndpointResponse"]
    equal(got["User"]["UserId"], "anna", "identify names the user")
    equal(got["User"]["UserAttributes"], {"plan": ["gold"], "langs": ["sv", "en"]}, "identify sets the user's attributes")
    equal((got["ChannelType"], got["Address"]), ("EMAIL", "anna@example.com"), "identify sets the address")
    check(got["Demographic"].get("Timezone"), "the endpoint has a time zone", got["Demographic"])
    check(all(r.get("status") == 202 for r in events_of(page, "Fetch")), "every request was taken", page.requests)
    check(any(r["method"] == "OPTIONS" for r in page.requests), "the browser asked first, because of the key's header", page.requests)
    page.run("void (location.href = '/second')")
    page.until("document.readyState === 'complete' && location.pathname === '/second'")
    equal(page.run("document.referrer"), f"{shop}/first?utm_source=s%C3%B6ndag", "the second page knows the first")
    equal(page.run("needletail.endpointId"), endpoint, "the endpoint stays the same")
    page.run("history.pushState({}, '', '/third')")
    page.until("location.pathname === '/third'")
    emptied(page)
    equal(page.run("needletail.inAppMessages()"), [], "no in-app messages are an empty list")
    equal([one["InAppMessage"]["Content"][0]["HeaderConfig"]["Header"] for one in in_app(page)], ["Tack"], "an in-app message reaches the page")
    return page, endpoint


def in_app(page):
    """Starts an in-app campaign for those who have the plan, and asks for it from the page."""
    app = Shop.options["app"]
    gold = {"UserAttributes": {"plan": {"AttributeType": "INCLUSIVE", "Values": ["gold"]}}}
    made = pinpoint.create_segment(ApplicationId=app, WriteSegmentRequest={"Name": "gold", "Dimensions": gold})
    header = {"Alignment": "CENTER", "Header": "Tack", "TextColor": "#000000"}
    end = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 86_400))
    bought = {"FilterType": "ENDPOINT", "Dimensions": {"EventType": {"DimensionType": "INCLUSIVE", "Values": ["_monetization.purchase"]}}}
    pinpoint.create_campaign(
        ApplicationId=app,
        WriteCampaignRequest={
            "Name": "thanks", "SegmentId": made["SegmentResponse"]["Id"],
            "Schedule": {"StartTime": "IMMEDIATE", "EndTime": end, "Frequency": "IN_APP_EVENT", "EventFilter": bought},
            "MessageConfiguration": {"InAppMessage": {"Layout": "OVERLAYS", "Content": [{"HeaderConfig": header}]}},
        },
    )
    return eventually("in-app messages", lambda: page.run("needletail.inAppMessages()"))


def hide_and_show(browser, page, shop):
    """Time in the background is not dwell time."""
    page.go(f"{shop}/fourth")
    page.until("performance.now() > 500")
    other = browser.open()
    other.front()
    page.until("document.hidden")
    time.sleep(1.5)
    page.front()
    page.until("!document.hidden")
    other.close()
    print("fourth", page.run("Math.round(performance.now())"), flush=True)


def offline_and_back(page, shop):
    page.go(f"{shop}/fifth")
    page.run("needletail.track('before')")
    emptied(page)
    page.offline(True)
    page.until("navigator.onLine === false")
    for number in range(120):
        page.run(f"needletail.track('offline', {{n: {number}}}, {{n: {number}}})")
    time.sleep(2)
    equal(len(queued(page)), 120, "what happens offline waits")
    sent = len(page.requests)
    page.offline(False)
    emptied(page)
    taken = [r for r in page.requests[sent:] if r["type"] == "Fetch" and r["method"] == "POST"]
    equal(len(taken), 2, "120 events are two requests")


def asks_first(browser, shop):
    """Without consent nothing is stored and nothing is sent."""
    page = browser.open()
    page.go(f"{shop}/asks")
    page.run("localStorage.clear()")
    page.go(f"{shop}/asks?again")
    page.run("needletail.track('unwanted')")
    page.run("needletail.identify('unwanted', {})")
    time.sleep(1.5)
    equal(page.run("localStorage.length"), 0, "nothing is stored before consent")
    equal([r for r in page.requests if "/v1/" in r["url"]], [], "nothing is sent before consent")
    page.run("needletail.consent(true)")
    page.run("needletail.track('wanted')")
    emptied(page)
    page.run("needletail.consent(false)")
    equal(page.run(f"JSON.parse(localStorage['needletail.{Shop.options['app']}']).id"), None, "a withdrawn consent forgets the endpoint")
    page.close()


def segment(app, endpoint):
    """What the page wrote is what segments read."""
    dimensions = {
        "UserAttributes": {"plan": {"AttributeType": "INCLUSIVE", "Values": ["gold"]}},
        "Demographic": {"Platform": {"DimensionType": "INCLUSIVE", "Values": ["Web"]}},
    }
    made = pinpoint.create_segment(ApplicationId=app, WriteSegmentRequest={"Name": "gold on the web", "Dimensions": dimensions})
    check(made["SegmentResponse"]["Id"], "the segment is stored")
    estimate = call("POST", f"/v1/apps/{app}/segments/estimate", {"Dimensions": dimensions})
    equal((estimate["Count"], estimate["Reachable"]), (1, 1), "the segment finds her")
    equal([one["Id"] for one in estimate["Sample"]], [endpoint], "and nobody else")


def main():
    app = pinpoint.create_app(CreateApplicationRequest={"Name": "web"})["ApplicationResponse"]["Id"]
    shop = serve()
    Shop.options = {"url": URL, "app": app, "writeKey": make_key(app, shop)}
    browser = Chromium()
    try:
        page, endpoint = visit(browser, shop)
        hide_and_show(browser, page, shop)
        offline_and_back(page, shop)
        segment(app, endpoint)
        page.run("needletail.track('last words')")
        page.close()
        asks_first(browser, shop)
        for line in page.log:
            print("chromium:", line, flush=True)
        unexpected = [line for line in page.log if "ERR_INTERNET_DISCONNECTED" not in line]
        equal(unexpected, [], "Chromium has nothing to complain about")
        equal(plain("GET", f"/v1/apps/{app}/endpoints/{endpoint}", headers={"X-Needletail-Write-Key": Shop.options["writeKey"]}).status, 403, "the page's key reads nobody")
    finally:
        browser.close()
    for kind, count in [("_session.start", 1), ("_monetization.purchase", 1), ("page.view", 5), ("before", 1), ("offline", 120), ("last words", 1)]:
        print("expect", kind, count, flush=True)
    finish()


main()
