"""In-app messages in real Chromium, on a page of another origin with a strict Content-Security-Policy: all six layouts, buttons, caps,
keyboard and focus, and campaigns that start and pause while the page is open. Prints `endpoint ID`, and `expect TYPE COUNT` for what
must be stored of that endpoint in the end.

usage: in_app_story.py [FOLDER]     with a folder, a screenshot of each layout is left in it
"""

import base64
import http.server
import json
import pathlib
import struct
import sys
import threading
import time
import zlib

from chromium import Chromium
from pinpoint_peer import URL, check, client, equal, finish, signed

POLICY = f"default-src 'none'; script-src 'self' {URL}; connect-src {URL}; img-src 'self' data:; base-uri 'none'; form-action 'none'"
PAGE = f"""<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Shop</title><link rel="icon" href="data:,">
<script src="{URL}/sdk/needletail.js"></script><script src="{URL}/sdk/needletail-inapp.js"></script></head>
<body><h1>Shop</h1><p>{"Vinyl, tapes and scores. " * 60}</p><button id="buy">Buy</button><div id="feed"></div>
<script src="/page.js"></script></body></html>"""
LAYOUTS = ["TOP_BANNER", "BOTTOM_BANNER", "MIDDLE_BANNER", "OVERLAYS", "MOBILE_FEED", "CAROUSEL"]
ATTACK = "<img src=x onerror=alert(1)>"

pinpoint = client()
folder = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else None


def png(width, height):
    """A picture of two colours."""
    rows = b"".join(b"\0" + b"".join(b"\x20\x60\xc0" if x < width // 2 else b"\xf0\xb0\x30" for x in range(width)) for _ in range(height))

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


class Shop(http.server.BaseHTTPRequestHandler):
    options = {}

    def do_GET(self):
        path = self.path.split("?")[0]
        script = (
            f"window.seen = []; const options = {json.dumps(self.options)};"
            "for (const name of ['onMessage', 'onAction', 'onDismiss']) options[name] ="
            " (campaign, more) => { seen.push([name, campaign.InAppMessage.CustomConfig, more]); };"
            "if (location.search === '?inline') options.feed = '#feed'; needletail.init(options);")
        kind, body = {
            "/page.js": ("text/javascript", script.encode()), "/picture.png": ("image/png", png(240, 120)),
        }.get(path, ("text/html; charset=utf-8", PAGE.encode()))
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Security-Policy", POLICY)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def serve():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Shop)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}"


def make_key(app, origin):
    body = json.dumps({"Name": "in-app story", "AllowedOrigins": [origin]}).encode()
    answer = signed("POST", f"/v1/apps/{app}/write-keys", body, headers={"Content-Type": "application/json"})
    equal(answer.status, 201, "CreateWriteKey")
    return answer.json["WriteKey"]


class Campaigns:
    def __init__(self, app, shop):
        self.app, self.shop = app, shop
        web = {"Demographic": {"Platform": {"DimensionType": "INCLUSIVE", "Values": ["Web"]}}}
        made = pinpoint.create_segment(ApplicationId=app, WriteSegmentRequest={"Name": "web", "Dimensions": web})
        self.segment = made["SegmentResponse"]["Id"]

    def content(self, number=1, link="/landing", action="LINK", header="Summer sale"):
        button = {"BackgroundColor": "#0A7F3F", "BorderRadius": 6, "TextColor": "#FFFFFF", "Text": "Show me"}
        return {
            "BackgroundColor": "#FFF7E0", "ImageUrl": f"{self.shop}/picture.png",
            "HeaderConfig": {"Alignment": "LEFT", "Header": f"{header} {number}" if number > 1 else header, "TextColor": "#7A1F00"},
            "BodyConfig": {"Alignment": "LEFT", "Body": "Every record at half its price until Sunday.\nOnly in the shop.", "TextColor": "#222222"},
            "PrimaryBtn": {"DefaultConfig": button | {"ButtonAction": "CLOSE"}, "Web": {"ButtonAction": action, "Link": link}},
            "SecondaryBtn": {"DefaultConfig": {"ButtonAction": "CLOSE", "Text": "Not now", "BackgroundColor": "#DDDDDD", "TextColor": "#111111"}},
        }

    def make(self, name, layout, contents, limits=None, dimensions=None, **more):
        end = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 86_400))
        trigger = {"EventType": {"DimensionType": "INCLUSIVE", "Values": [f"show.{name}"]}} | (dimensions or {})
        request = {
            "Name": name, "SegmentId": self.segment, "Limits": limits or {},
            "Schedule": {"StartTime": "IMMEDIATE", "EndTime": end, "Frequency": "IN_APP_EVENT",
                         "EventFilter": {"FilterType": "ENDPOINT", "Dimensions": trigger}},
            "MessageConfiguration": {"InAppMessage": {"Layout": layout, "Content": contents, "CustomConfig": {"name": name}}},
        } | more
        return pinpoint.create_campaign(ApplicationId=self.app, WriteCampaignRequest=request)["CampaignResponse"]["Id"]

    def delete(self, campaign):
        pinpoint.delete_campaign(ApplicationId=self.app, CampaignId=campaign)


def box(script, layout=None):
    """An expression over the message that is shown: `host`, `root` and `box` are there."""
    wanted = f'[data-needletail="{layout}"]' if layout else "[data-needletail]"
    return (f"(() => {{ const host = document.querySelector('{wanted}'); if (!host) return null;"
            f" const root = host.shadowRoot, box = root.querySelector('.box'); return {script}; }})()")


def is_shown(layout=None):
    return box("true", layout) + " === true"


def press(page, key, modifiers=0):
    for kind in ["keyDown", "keyUp"]:
        page.send("Input.dispatchKeyEvent", type=kind, key=key, code=key, modifiers=modifiers,
                  windowsVirtualKeyCode={"Tab": 9, "Escape": 27, "ArrowRight": 39, "ArrowLeft": 37, "Enter": 13}[key])


def shoot(page, name):
    if folder:
        page.run("new Promise(done => setTimeout(done, 400))")
        (folder / f"{name}.png").write_bytes(base64.b64decode(page.send("Page.captureScreenshot", format="png")["data"]))


def look(page, layout):
    page.run("document.getElementById('buy').focus()")
    page.run(f"needletail.track('show.{layout}')")
    page.until(is_shown(layout))
    shoot(page, layout)
    is_modal = layout in ("OVERLAYS", "CAROUSEL")
    equal(page.run(box("box.getAttribute('role')")), "dialog", f"{layout} is a dialog")
    equal(page.run(box("root.getElementById(box.getAttribute('aria-labelledby')).textContent")), "Summer sale", f"{layout} is named by its header")
    equal(page.run(box("box.getAttribute('aria-modal')")), "true" if is_modal else None, f"{layout} is modal or not")
    equal(page.run("document.activeElement.id || 'message'"), "message" if is_modal else "buy", f"{layout} takes the focus or leaves it")
    equal(page.run(box("getComputedStyle(root.querySelector('.slide')).backgroundColor")), "rgb(255, 247, 224)", f"{layout} has its background")
    equal(page.run(box("getComputedStyle(root.querySelector('h2')).color")), "rgb(122, 31, 0)", f"{layout} has its header's colour")
    page.until(box("root.querySelector('img').naturalWidth === 240"))
    link = page.run(box("(a => [new URL(a.href).pathname, a.target, a.rel, a.textContent, getComputedStyle(a).backgroundColor])(root.querySelector('a'))"))
    equal(link, ["/landing", "_blank", "noopener", "Show me", "rgb(10, 127, 63)"], f"{layout} has the button for the web")
    # Once it has come to rest.
    page.until(box("(r => r.left >= 0 && r.top >= 0 && r.right <= innerWidth + 1 && r.bottom <= innerHeight + 1)(box.getBoundingClientRect())"))
    check(True, f"{layout} is on the screen whole")
    page.until(box("[...root.querySelectorAll('.slide:not([hidden]) .actions *')].every(b => b.getBoundingClientRect().height >= 44)"))
    check(True, f"{layout} has buttons a finger finds")


def walk(page, layout):
    """The keyboard in what covers the page: it stays inside, Escape leaves, and the focus goes back."""
    names = []
    for _ in range(8):
        press(page, "Tab")
        names.append(page.run(box("root.activeElement && root.activeElement.textContent")))
    check(all(names) and {"Show me", "Not now", "×"} <= set(names), f"Tab stays in {layout}", names)
    press(page, "Escape")
    page.until(f"!({is_shown()})")
    equal(page.run("document.activeElement.id"), "buy", f"the focus is where it was before {layout}")


def carousel(page):
    def shown():
        return page.run(box("[...root.querySelectorAll('.slide')].findIndex(s => !s.hidden)"))

    equal((page.run(box("root.querySelectorAll('.slide').length")), shown()), (3, 0), "a carousel shows its first slide")
    page.run(box("root.querySelector('.next').click()"))
    equal(shown(), 1, "and the next")
    shoot(page, "CAROUSEL-2")
    press(page, "ArrowRight")
    press(page, "ArrowRight")
    equal(shown(), 0, "and the first after the last")
    press(page, "ArrowLeft")
    equal(shown(), 2, "and the last before the first")
    equal(page.run(box("root.getElementById(box.getAttribute('aria-labelledby')).textContent")), "Summer sale 3", "its name is the slide's")
    press(page, "ArrowRight")


def layouts(page, campaigns):
    for layout in LAYOUTS:
        look(page, layout)
        if layout == "CAROUSEL":
            carousel(page)
        if layout in ("OVERLAYS", "CAROUSEL"):
            walk(page, layout)
        elif layout == "TOP_BANNER":
            page.run(box("root.querySelector('a').click()"))
        elif layout == "BOTTOM_BANNER":
            page.run(box("root.querySelector('.second').click()"))
        else:
            page.run(box("root.querySelector('.x').click()"))
        page.until(f"!({is_shown()})")
    told = page.run("seen.filter(([name]) => name === 'onAction').map(([, config, more]) => [config.name, more.action, more.link])")
    equal(told, [["TOP_BANNER", "LINK", "/landing"], ["BOTTOM_BANNER", "CLOSE", None]], "the page learns of its buttons, with CustomConfig")


def caps_and_triggers(page):
    for count in range(2):
        page.run("needletail.track('show.capped')")
        page.run("new Promise(done => setTimeout(done, 300))")
        equal(page.run(is_shown()), count == 0, f"a session cap of 1, time {count + 1}")
        press(page, "Escape")
    for attributes, metrics, wanted in [
        ("{genre: 'jazz'}", "{price: 30}", False), ("{genre: 'folk'}", "{price: 5}", False), ("{}", "{price: 30}", False),
        ("{genre: 'folk'}", "{}", False), ("{genre: 'folk'}", "{price: 30}", True),
    ]:
        page.run(f"needletail.track('show.picky', {attributes}, {metrics})")
        equal(page.run(is_shown()), wanted, f"a trigger of attributes and metrics: {attributes} {metrics}")
    press(page, "Escape")
    page.run("needletail.track('show.quiet')")
    equal(page.run(is_shown()), False, "quiet time all day long")


def safe(page):
    page.run("needletail.track('show.unsafe')")
    equal(page.run(box("root.querySelector('h2').textContent")), ATTACK, "markup in a text is text")
    equal(page.run(box("root.querySelectorAll('a, h2 img').length")), 0, "a link that would run code is none")
    page.run(box("root.querySelector('.first').click()"))


def live(page, campaigns):
    made = campaigns.make("live", "MIDDLE_BANNER", [campaigns.content()])
    page.until(f"needletail.inApp.campaigns.some(c => c.CampaignId === '{made}')")
    equal(page.run("performance.getEntriesByType('navigation').length"), 1, "a campaign that starts reaches the page without a reload")
    page.run("needletail.track('show.live')")
    page.until(is_shown())
    campaigns.delete(made)
    page.until(f"!({is_shown()})")
    check(True, "a campaign that is deleted is taken off the screen")
    made = campaigns.make("deep", "TOP_BANNER", [campaigns.content(action="DEEP_LINK", link="/landing?from=deep")])
    page.until(f"needletail.inApp.campaigns.some(c => c.CampaignId === '{made}')")
    page.run("needletail.track('show.deep')")
    page.run(box("root.querySelector('a').click()"))
    page.until("location.search === '?from=deep' && document.readyState === 'complete'")


def inline(page, shop):
    page.go(f"{shop}/?inline")
    page.until("needletail.inApp.campaigns.length > 5")
    page.run("needletail.track('show.MOBILE_FEED')")
    page.until(is_shown())
    equal(page.run("document.querySelector('[data-needletail]').parentNode.id"), "feed", "a feed may stand in the page")
    shoot(page, "MOBILE_FEED-inline")
    page.run("needletail.inApp.dismiss()")


def main():
    app = pinpoint.create_app(CreateApplicationRequest={"Name": "in-app"})["ApplicationResponse"]["Id"]
    shop = serve()
    Shop.options = {"url": URL, "app": app, "writeKey": make_key(app, shop)}
    campaigns = Campaigns(app, shop)
    for layout in LAYOUTS:
        count = 3 if layout == "CAROUSEL" else 1
        campaigns.make(layout, layout, [campaigns.content(n + 1) for n in range(count)])
    campaigns.make("capped", "TOP_BANNER", [campaigns.content()], limits={"Session": 1})
    campaigns.make("picky", "TOP_BANNER", [campaigns.content()], dimensions={
        "Attributes": {"genre": {"AttributeType": "INCLUSIVE", "Values": ["folk", "rock"]}},
        "Metrics": {"price": {"ComparisonOperator": "GREATER_THAN", "Value": 20}}})
    quiet = campaigns.make("quiet", "TOP_BANNER", [campaigns.content()])
    got = pinpoint.get_campaign(ApplicationId=app, CampaignId=quiet)["CampaignResponse"]
    schedule = got["Schedule"] | {"QuietTime": {"Start": "00:00", "End": "23:59"}}
    pinpoint.update_campaign(ApplicationId=app, CampaignId=quiet, WriteCampaignRequest={
        "Name": "quiet", "SegmentId": campaigns.segment, "Schedule": schedule, "MessageConfiguration": got["MessageConfiguration"]})
    campaigns.make("unsafe", "MIDDLE_BANNER", [campaigns.content(link="javascript:alert(1)", header=ATTACK)])
    browser = Chromium()
    try:
        page = browser.open()
        page.go(f"{shop}/")
        page.until("needletail.inApp.campaigns.length === 10", seconds=40)
        endpoint = page.run("needletail.endpointId")
        print("endpoint", endpoint, flush=True)
        layouts(page, campaigns)
        caps_and_triggers(page)
        safe(page)
        live(page, campaigns)
        inline(page, shop)
        page.run("needletail.flush()")
        page.until(f"JSON.parse(localStorage['needletail.{app}']).queue.length === 0")
        unexpected = [line for line in page.log if "404" not in line]
        equal(unexpected, [], "Chromium has nothing to complain about under the strict policy")
        check(all(Shop.options["writeKey"] not in r["url"] for r in page.requests if r["type"] != "Ping"), "the key stands in no address")
        page.close()
    finally:
        browser.close()
    for kind, count in [("_inapp.message_displayed", 12), ("_inapp.message_clicked", 3), ("_inapp.message_dismissed", 8)]:
        print("expect", kind, count, flush=True)
    finish()


main()
