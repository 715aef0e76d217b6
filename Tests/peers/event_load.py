"""Puts events one by one while processes die, each until it is acknowledged, and says which they were.

usage: event_load.py APP EVENTS CLIENTS
Prints `loading`, and at the end `acknowledged N`. An event is the same however often it is sent.
"""

import datetime
import sys
import threading
import time

import botocore.exceptions

from pinpoint_peer import check, client, finish

APP, EVENTS, CLIENTS = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
lock = threading.Lock()
acknowledged = 0


def put(pinpoint, number):
    """Again and again, with the same key and time."""
    at = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
    person = f"p{number % 30}"
    event = {"EventType": "purchase", "Timestamp": at, "Attributes": {"n": str(number)}}
    request = {"BatchItem": {person: {"Endpoint": {}, "Events": {f"load-{number}": event}}}}
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            results = pinpoint.put_events(ApplicationId=APP, EventsRequest=request)["EventsResponse"]["Results"]
            return results[person]["EventsItemResponse"][f"load-{number}"]["StatusCode"] == 202
        except (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError):
            time.sleep(0.02)
    return False


def work(first, pinpoint):
    global acknowledged
    for number in range(first, EVENTS, CLIENTS):
        if put(pinpoint, number):
            with lock:
                acknowledged += 1
        else:
            check(False, "an event is acknowledged within a minute", number)


def main():
    threads = [threading.Thread(target=work, args=(n, client())) for n in range(CLIENTS)]
    for thread in threads:
        thread.start()
    print("loading", flush=True)
    for thread in threads:
        thread.join()
    print("acknowledged", acknowledged, flush=True)
    finish()


main()
