"""Clients of ingest-api that know what they were told: what was acknowledged, what they gave up on, what never was sent."""

import collections
import datetime
import json
import random
import threading
import time

import boto3
import botocore.config
import botocore.exceptions

EVENTS = 10
# A client in doubt mostly asks again, as one with a durable outbox would; sometimes it never learns.
GIVES_UP = 0.1
# What the gateway says while the process is away, and the process while its database is.
AWAY = {503}


def is_metric_of(name, metric):
    return float(metric) == metric_of(name)


def metric_of(name):
    """Part of the event, so that a row made of two events would show."""
    return float(sum(name.encode()))


class Counter:
    """An attribute that its client counts up, one write after the other."""

    def __init__(self):
        self.begun = self.acknowledged = 0

    @staticmethod
    def of(row):
        return int(json.loads(row["attributes"]).get("count", ["0"])[0]) if row else 0


class Clients:
    def __init__(self, exports, number, seed):
        self.exports, self.number, self.seed = exports, number, seed
        self.lock = threading.Lock()
        self.stopped = threading.Event()
        self.acknowledged_events, self.doubtful_events = set(), set()
        self.acknowledged_endpoints = set()
        self.counters = {}
        self.statuses, self.unexpected = collections.Counter(), collections.Counter()
        self.failure = None

    def start(self):
        first = self._client()
        self.app = first.create_app(CreateApplicationRequest={"Name": "ingest chaos"})["ApplicationResponse"]["Id"]
        self.threads = [threading.Thread(target=self._guarded, args=(number,)) for number in range(self.number)]
        for thread in self.threads:
            thread.start()

    def finish(self):
        """Every client ends with its call, acknowledged or given up."""
        self.stopped.set()
        for thread in self.threads:
            thread.join(120)
            if thread.is_alive():
                raise RuntimeError("a client hangs")
        if self.failure:
            raise self.failure

    def _client(self):
        client = boto3.client(
            "pinpoint", region_name=self.exports["AWS_DEFAULT_REGION"], endpoint_url=self.exports["AWS_ENDPOINT_URL_PINPOINT"],
            aws_access_key_id=self.exports["AWS_ACCESS_KEY_ID"], aws_secret_access_key=self.exports["AWS_SECRET_ACCESS_KEY"],
            config=botocore.config.Config(retries={"total_max_attempts": 1}, read_timeout=60))
        client.meta.events.register("response-received.pinpoint", self._note)
        return client

    def _note(self, response_dict, parsed_response, **_):
        status = response_dict["status_code"] if response_dict else None
        with self.lock:
            self.statuses[status] += 1
            if status is not None and status != 201 and status != 202 and status not in AWAY:
                self.unexpected[f"{status} {parsed_response.get('Error')}"] += 1

    def _guarded(self, number):
        try:
            self._work(number, self._client(), random.Random(f"{self.seed}.{number}"))
        except Exception as error:
            self.failure = error

    def _work(self, number, client, choices):
        counter = self.counters[f"counter-{number}"] = Counter()
        round = 0
        while not self.stopped.is_set():
            name = f"{number}-{round}"
            round += 1
            self._put_events(name, client, choices)
            counter.begun += 1
            told = self._insist(choices, lambda: client.update_endpoint(
                ApplicationId=self.app, EndpointId=f"counter-{number}", EndpointRequest={
                    "ChannelType": "EMAIL", "Address": f"counter-{number}@example.com",
                    "Attributes": {"count": [str(counter.begun)]}}))
            if told:
                counter.acknowledged = counter.begun

    def _put_events(self, name, client, choices):
        at = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
        events = [f"{name}.{n}" for n in range(EVENTS)]
        batch = {f"load-{name}": {
            "Endpoint": {
                "ChannelType": "EMAIL", "Address": f"load-{name}@example.com", "Attributes": {"name": [name], "kind": ["load"]},
                "User": {"UserId": f"user-{name}", "UserAttributes": {"name": [name]}}},
            "Events": {
                event: {"EventType": "load", "Timestamp": at, "Attributes": {"n": event}, "Metrics": {"m": metric_of(event)}}
                for event in events}}}
        answer = self._insist(choices, lambda: client.put_events(ApplicationId=self.app, EventsRequest={"BatchItem": batch}))
        with self.lock:
            if answer is None:
                self.doubtful_events.update(events)
                return
            (item,) = answer["EventsResponse"]["Results"].values()
            for event in events:
                if item["EventsItemResponse"][event]["StatusCode"] != 202:
                    self.unexpected["an event that was refused"] += 1
            self.acknowledged_events.update(events)
            self.acknowledged_endpoints.add(f"load-{name}")

    def _insist(self, choices, call):
        """The answer; None when the client gave up and does not know what became of its call."""
        while True:
            try:
                return call()
            except (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError):
                if self.stopped.is_set() or choices.random() < GIVES_UP:
                    return None
                time.sleep(0.02)

    def is_whole(self, name, row):
        """An endpoint has everything of the write that made it, or it is not there."""
        if name.startswith("counter-"):
            return row["address"] == f"{name}@example.com" and row["endpoint_status"] == "ACTIVE"
        key = name.removeprefix("load-")
        return (
            row["address"] == f"{name}@example.com" and row["endpoint_status"] == "ACTIVE" and row["user_id"] == f"user-{key}"
            and json.loads(row["attributes"]) == {"name": [key], "kind": ["load"]}
            and json.loads(row["user_attributes"]) == {"name": [key]})
