"""Clients that put events without a pause until they are told to stop (SIGTERM), and write down what was acknowledged.

usage: ingest_load.py APP ACKNOWLEDGED_FILE [--clients N]

Each line of the file is the `n` of one acknowledged event. A client first makes sure of its batch, then begins the next,
so that after the end everything sent is acknowledged. A call that the SDK (with its default retries) gives up on is a failure.
"""

import argparse
import datetime
import signal
import threading

import botocore.exceptions

from pinpoint_peer import check, client, finish

parser = argparse.ArgumentParser()
parser.add_argument("app")
parser.add_argument("file")
parser.add_argument("--clients", type=int, default=8)
arguments = parser.parse_args()

EVENTS = 10
stopped = threading.Event()
signal.signal(signal.SIGTERM, lambda *_: stopped.set())
lock = threading.Lock()
statuses = {}


def note_status(response_dict, **_):
    """Of every answer, those that the SDK repeats by itself too. No answer at all (a cut connection) is None."""
    status = response_dict["status_code"] if response_dict else None
    with lock:
        statuses[status] = statuses.get(status, 0) + 1


def batch(name):
    at = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
    return {
        "BatchItem": {
            f"load-{name}": {
                "Endpoint": {"ChannelType": "EMAIL", "Address": f"load-{name}@example.com"},
                "Events": {
                    str(n): {"EventType": "load", "Timestamp": at, "Attributes": {"n": f"{name}.{n}"}}
                    for n in range(EVENTS)
                },
            }
        }
    }


def put(pinpoint, request):
    try:
        return pinpoint.put_events(ApplicationId=arguments.app, EventsRequest=request)["EventsResponse"]["Results"]
    except (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError) as error:
        check(False, "no request fails", repr(error))
        return None


def work(number, pinpoint, file):
    round = 0
    while not stopped.is_set():
        request = batch(f"{number}-{round}")
        round += 1
        results = put(pinpoint, request)
        if results is None:
            return
        item = next(iter(results.values()))
        events = next(iter(request["BatchItem"].values()))["Events"]
        lines = []
        for key, event in events.items():
            if item["EventsItemResponse"][key]["StatusCode"] == 202:
                lines.append(event["Attributes"]["n"])
            else:
                check(False, "every event is accepted", item)
        with lock:
            file.write("".join(f"{line}\n" for line in lines))
            file.flush()


def main():
    with open(arguments.file, "w") as file:
        clients = [client() for _ in range(arguments.clients)]
        for pinpoint in clients:
            pinpoint.meta.events.register("response-received.pinpoint", note_status)
        threads = [threading.Thread(target=work, args=(n, pinpoint, file)) for n, pinpoint in enumerate(clients)]
        for thread in threads:
            thread.start()
        print("loading", flush=True)
        for thread in threads:
            while thread.is_alive():
                thread.join(0.2)
    print("statuses", statuses, flush=True)
    unexpected = set(statuses) - {202, 503}
    check(not unexpected, "no answer but 202 and a 503 of the gateway while the service is away", statuses)
    finish()


main()
