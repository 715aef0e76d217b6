"""What the scenario drivers share: an unmodified boto3 client whose every answer is held against botocore's own service
model, raw signed requests, and a tally of checks.

A driver prints one line per check (`ok …` or `FAILED …`) and ends with 1 when one failed.
"""

import contextlib
import http.client
import json
import os
import sys
import time
import urllib.parse

import boto3
import botocore.auth
import botocore.awsrequest
import botocore.config
import botocore.credentials
import botocore.exceptions
import botocore.validate

URL = os.environ["AWS_ENDPOINT_URL_PINPOINT"]
HOST = urllib.parse.urlsplit(URL).netloc
REGION = os.environ["AWS_DEFAULT_REGION"]
KEY, SECRET = os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"]

failures = 0
# Operations that were answered with success.
answered = set()


def check(condition, what, detail=""):
    global failures
    if condition:
        print("ok", what, flush=True)
    else:
        failures += 1
        print("FAILED", what, str(detail)[:1500].replace("\n", " "), flush=True)
    return condition


def equal(actual, expected, what):
    return check(actual == expected, what, f"got {actual!r}, expected {expected!r}")


def finish():
    print("checks failed:", failures, flush=True)
    sys.exit(1 if failures else 0)


def eventually(what, condition, seconds=60):
    """Asks again until the condition is truthy; returns its value."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            check(False, what, f"not within {seconds} s")
            finish()
        time.sleep(0.05)


def client(**config):
    """boto3 as anybody has it; only the endpoint's URL is ours, and that comes from the environment."""
    pinpoint = boto3.client("pinpoint", config=botocore.config.Config(**config))
    pinpoint.meta.events.register("after-call.pinpoint", hold_against_model)
    return pinpoint


def hold_against_model(http_response, parsed, model, **_):
    """Status, headers, types, required and unknown members of an answer, as the service model has them."""
    name, status, headers = model.name, http_response.status_code, http_response.headers
    if not headers.get("x-amzn-RequestId"):
        check(False, f"{name} has a request id", dict(headers))
    if headers.get("Access-Control-Allow-Origin") != "*":
        check(False, f"{name} may be read by browsers", dict(headers))
    if status >= 300:
        return
    answered.add(name)
    expected = model.http.get("responseCode", 200)
    # The model says nothing of the two tag writes, which AWS answers without a body.
    if model.output_shape is None:
        expected = 204
    if status != expected:
        check(False, f"{name} has the model's status", f"got {status}, expected {expected}")
    if model.output_shape is None:
        return
    values = {key: value for key, value in parsed.items() if key != "ResponseMetadata"}
    report = botocore.validate.ParamValidator().validate(values, model.output_shape)
    if report.has_errors():
        check(False, f"{name} is as the model has it", report.generate_report())
    payload = model.output_shape.members[model.output_shape.serialization["payload"]]
    unknown = list(unknown_members(json.loads(http_response.content), payload, name))
    if unknown:
        check(False, f"{name} has only members of the model", unknown)


def unknown_members(value, shape, path):
    if shape.type_name == "structure":
        names = {member.serialization.get("name", key): member for key, member in shape.members.items()}
        for key, item in value.items():
            if item is None:
                yield f"{path}.{key} is null"
            elif key in names:
                yield from unknown_members(item, names[key], f"{path}.{key}")
            elif key != "Needletail":
                yield f"{path}.{key}"
    elif shape.type_name == "list":
        for index, item in enumerate(value):
            yield from unknown_members(item, shape.member, f"{path}[{index}]")
    elif shape.type_name == "map":
        for key, item in value.items():
            yield from unknown_members(item, shape.value, f"{path}.{key}")


@contextlib.contextmanager
def refused(what, status, code, message=None):
    """Expects the SDK to raise that error."""
    try:
        yield
    except botocore.exceptions.ClientError as error:
        response = error.response
        got = (response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Code"])
        equal(got, (status, code), what)
        if message is not None:
            check(message in response["Error"]["Message"], f"{what}: the message", response["Error"]["Message"])
    else:
        check(False, what, "was not refused")


class Answer:
    def __init__(self, response):
        self.status = response.status
        self.headers = response.headers
        self.body = response.read()

    @property
    def json(self):
        return json.loads(self.body)


def plain(method, target, body=None, headers=None):
    """A request without a signature, as a browser or a mail program makes it. Redirects are not followed."""
    connection = http.client.HTTPConnection(HOST, timeout=60)
    try:
        connection.request(method, target, body, headers or {})
        return Answer(connection.getresponse())
    finally:
        connection.close()


def signed(
    method, target, body=b"", key=KEY, secret=SECRET, service="mobiletargeting", at=None, sent=None, headers=None
):
    """A request signed by botocore over exactly these bytes. `at` is when it says it was signed (seconds from now), `sent`
    the body that really goes out."""
    now = botocore.auth.get_current_datetime
    request = botocore.awsrequest.AWSRequest(method, f"http://{HOST}{target}", data=body, headers=headers or {})
    if at is not None:
        import datetime

        moved = now() + datetime.timedelta(seconds=at)
        botocore.auth.get_current_datetime = lambda *_, **__: moved
    try:
        credentials = botocore.credentials.Credentials(key, secret)
        botocore.auth.SigV4Auth(credentials, service, REGION).add_auth(request)
    finally:
        botocore.auth.get_current_datetime = now
    return plain(method, target, body if sent is None else sent, dict(request.headers.items()))


def call(method, target, value=None):
    """A signed call of a route outside Pinpoint's model; the answer must be 200 JSON."""
    body = b"" if value is None else json.dumps(value).encode()
    answer = signed(method, target, body, headers={"Content-Type": "application/json"} if body else None)
    check(answer.status == 200, f"{method} {target}", f"{answer.status} {answer.body[:500]!r}")
    return answer.json


def sink_messages(path):
    """What the SMTP peer has accepted so far."""
    try:
        with open(path) as file:
            return [json.loads(line) for line in file.read().split("\n")[:-1]]
    except FileNotFoundError:
        return []
