"""More than ingest-api lets wait: while the database does not move, some requests are told 429 at once, and none is lost.

usage: overload.py APP    prints `saturated` when the first 429 has come; whoever holds the database lets go then
"""

import datetime
import json
import sys
import threading
import time

from pinpoint_peer import check, equal, finish, signed

APP = sys.argv[1]
# 64 MB may wait, and two commits of 8 MB be on their way.
REQUESTS, EVENTS = 32, 100
# As large as an event may be: 39 attributes of 200 characters of four bytes each, beside its number.
HEAVY = {f"a{n}": "\U0001f98a" * 200 for n in range(39)}
lock = threading.Lock()
answers, stored = [], []


def batch(number):
    at = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
    events = {
        str(n): {"EventType": "heavy", "Timestamp": at, "Attributes": HEAVY | {"n": f"{number}.{n}"}}
        for n in range(EVENTS)
    }
    return json.dumps({"BatchItem": {f"heavy-{number}": {"Endpoint": {}, "Events": events}}}, ensure_ascii=False).encode()


def put(number):
    body = batch(number)
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        answer = signed("POST", f"/v1/apps/{APP}/events", body, headers={"Content-Type": "application/json"})
        with lock:
            if answer.status == 429 and not any(earlier.status == 429 for earlier in answers):
                print("saturated", flush=True)
            answers.append(answer)
        if answer.status == 202:
            results = answer.json["Results"][f"heavy-{number}"]["EventsItemResponse"].values()
            if any(result["StatusCode"] != 202 for result in results):
                check(False, "every event is accepted", list(results)[:1])
            with lock:
                stored.append(number)
            return
        # As every SDK does.
        time.sleep(float(answer.headers.get("Retry-After") or 1))


threads = [threading.Thread(target=put, args=(number,)) for number in range(REQUESTS)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
busy = [answer for answer in answers if answer.status == 429]
check(busy, "some requests are told to come again")
for answer in busy[:1]:
    equal(answer.headers.get("x-amzn-ErrorType"), "TooManyRequestsException", "a 429 has its code")
    equal(answer.headers.get("Retry-After"), "1", "and says when")
    equal(answer.headers.get("Access-Control-Allow-Origin"), "*", "and browsers may read it")
    equal(answer.json.get("RequestID"), answer.headers.get("x-amzn-RequestId"), "and has its request id in the body")
    check("try again" in answer.json.get("Message", ""), "and a message", answer.body)
equal(sorted(stored), list(range(REQUESTS)), "every request is taken in the end")
equal({answer.status for answer in answers} - {202, 429, 503}, set(), "and nothing else was said")
finish()
