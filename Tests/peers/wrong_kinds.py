"""Every member of every write, once with each value of a wrong kind: always 400, with a message that names the member; and
texts from the naughty list in every text: kept byte for byte, or refused with 400.

usage: wrong_kinds.py APP TOKEN
"""

import json
import sys
import urllib.parse

import botocore.session
from audience_samples import BEYOND, ENDPOINT, TIME, WRITES, filled
from campaign_samples import WRITES as CAMPAIGN_WRITES
from naughty_values import BROKEN_NUMBERS, BROKEN_SEGMENTS, BROKEN_STRINGS, NUMBERS, TEXTS, WRONG, deep, written
from pinpoint_peer import HOST, check, equal, finish
from raw_requests import RawConnection

APP, TOKEN = sys.argv[1], sys.argv[2]
A = f"/v1/apps/{APP}"
host, _, port = HOST.partition(":")
gateway = RawConnection((host, int(port)), TOKEN)
model = botocore.session.get_session().get_service_model("pinpoint")
count = 0
LONG_DURATIONS = [2**31, -(2**31) - 1]


def send(method, target, value=None):
    global count
    count += 1
    body = b"" if value is None else value if isinstance(value, bytes) else written(value)
    answer = gateway.send(method, target, body)
    if answer.status >= 500:
        check(False, f"{method} {target[:80]} never fails by itself", f"{answer.status} {answer.body!r} for {body[:300]!r}")
    return answer


def walk(value, shape, path=()):
    """Every place in a value, outermost first: (path, shape)."""
    yield path, shape
    if shape.type_name == "structure":
        names = {member.serialization.get("name", key): member for key, member in shape.members.items()}
        for key, item in value.items():
            yield from walk(item, names[key], (*path, key))
    elif shape.type_name == "map":
        for key, item in value.items():
            yield from walk(item, shape.value, (*path, key))
    elif shape.type_name == "list":
        for index, item in enumerate(value):
            yield from walk(item, shape.member, (*path, index))


KINDS = {str: "string", bool: "boolean", int: "integer", float: "double", list: "list", dict: "structure"}


def walk_plainly(value, path=()):
    """As `walk`, where no model says what a value is: its own kind, then."""
    yield path, KINDS[type(value)]
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from walk_plainly(item, (*path, key))


def wrong_kinds_beyond_the_model(places):
    for operation, method, target, sample in BEYOND:
        target, sample = filled(target, places), filled(sample, places)
        sound = send(method, target, sample)
        check(200 <= sound.status < 300, f"the sample of {operation} beyond the model is accepted", sound.body)
        bad = []
        for path, kind in walk_plainly(sample["Needletail"], ("Needletail",)):
            unknown = [{"Unheard": 1}] if kind == "structure" and path[-1] not in ("Attributes", "Metrics") else []
            for value in WRONG[kind] + BROKEN_STRINGS[:2] + BROKEN_NUMBERS[:4] + unknown:
                answer = send(method, target, replaced(sample, path, value))
                if answer.status != 400 or shown(path) not in answer.message:
                    bad.append((shown(path), value, answer.status, answer.message[:200]))
        check(not bad, f"{operation}: every wrong kind beyond the model is refused by the member's name", bad[:12])


def replaced(value, path, by):
    if not path:
        return by
    first, *rest = path
    if isinstance(value, list):
        return [replaced(item, rest, by) if index == first else item for index, item in enumerate(value)]
    return {key: replaced(item, rest, by) if key == first else item for key, item in value.items()}


def shown(path):
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text


def refusals(answer, operation):
    """(status, message) of a refusal. PutEvents refuses items, and answers 202 for the request."""
    if operation == "PutEvents" and answer.status == 202:
        (item,) = answer.json["Results"].values()
        for result in [item["EndpointItemResponse"], *item["EventsItemResponse"].values()]:
            if result["StatusCode"] != 202:
                return result["StatusCode"], result["Message"]
    return answer.status, answer.message


def wrong_kinds(places):
    for operation, method, target, sample in WRITES + CAMPAIGN_WRITES:
        target, sample = filled(target, places), filled(sample, places)
        sound = send(method, target, sample)
        check(200 <= sound.status < 300, f"the sample of {operation} is accepted", sound.body)
        shape = model.operation_model(operation).input_shape
        payload = shape.members[shape.serialization["payload"]]
        bad = []
        for path, place in walk(sample, payload):
            kind = {"long": "integer", "float": "double", "timestamp": "string"}.get(place.type_name, place.type_name)
            values = list(WRONG[kind]) + BROKEN_STRINGS[:2] + BROKEN_NUMBERS[:4]
            if isinstance(path[-1] if path else None, int):
                values.append(None)
            for value in values:
                answer = send(method, target, replaced(sample, path, value))
                status, message = refusals(answer, operation)
                # In PutEvents the message is about the event, so the place begins there.
                name = shown(path)
                if path[2:3] == ("Events",) and len(path) > 3:
                    name = shown(path[4:]) or "vent"
                # In milliseconds, so that it is taken beyond the model's 32 bits.
                if path[-1:] == ("Duration",) and operation == "PutEvents" and status == 202 and value in LONG_DURATIONS:
                    continue
                if status != 400 or name not in message:
                    bad.append((shown(path), value, status, message[:200]))
        check(not bad, f"{operation}: every wrong kind is refused by the member's name", bad[:6])


def named(text):
    """Where a naughty text goes: (what, method, target, body, how it is read back)."""
    quoted = urllib.parse.quote(text, safe="")
    end = f"{A}/endpoints/naughty"
    base = {"ChannelType": "EMAIL", "Address": "n@example.com"}

    def member(*path):
        def read():
            value = send("GET", end).json
            for step in path:
                value = value[step] if isinstance(step, int) else value.get(step, {})
            # Absent is what an empty text comes to.
            return value if value != {} else ""

        return read

    yield "an address", "PUT", end, base | {"Address": text}, member("Address")
    yield "an attribute's value", "PUT", end, base | {"Attributes": {"a": [text]}}, member("Attributes", "a", 0)
    yield "an attribute's name", "PUT", end, base | {"Attributes": {text: ["v"]}}, lambda: one(end, "Attributes", text)
    yield "a metric's name", "PUT", end, base | {"Metrics": {text: 1}}, lambda: one(end, "Metrics", text)
    yield "a user's id", "PUT", end, base | {"User": {"UserId": text}}, member("User", "UserId")
    yield (
        "a user attribute's name",
        "PUT",
        end,
        base | {"User": {"UserId": "naughty", "UserAttributes": {text: ["v"]}}},
        lambda: text if text in send("GET", end).json["User"]["UserAttributes"] else "lost",
    )
    for name in ("Make", "Timezone", "Locale"):
        yield f"Demographic.{name}", "PUT", end, base | {"Demographic": {name: text}}, member("Demographic", name)
    yield "Location.City", "PUT", end, base | {"Location": {"City": text}}, member("Location", "City")
    yield "a request's id", "PUT", end, base | {"RequestId": text}, member("RequestId")
    yield "an endpoint's id", "PUT", f"{A}/endpoints/{quoted}", base, lambda: send("GET", f"{A}/endpoints/{quoted}").json["Id"]


def one(target, member, name):
    """The name, if the endpoint has it; and it is taken out again, so that the next one has room."""
    found = send("GET", target).json[member]
    send("DELETE", target)
    return name if name in found else list(found)


def texts():
    bad, kept = [], 0
    for text in TEXTS:
        for what, method, target, body, read in named(text):
            answer = send(method, target, body)
            if answer.status == 400:
                continue
            if answer.status == 202:
                got = read()
                # An empty text is as if it had not been given.
                if got == text or text == "" and got == "n@example.com":
                    kept += 1
                    continue
                bad.append((what, text, "came back as", got))
            elif not (text in ("", ".", "..") and answer.status in (400, 404, 405)):
                bad.append((what, text, answer.status, answer.message))
    check(not bad, "every text is kept byte for byte, or refused", bad[:8])
    check(kept > 500, "most texts are kept", kept)


def members_of_naughty_segments():
    """A segment by a naughty name and value has exactly the endpoint with that name and value, whatever they look like in SQL."""
    send("DELETE", f"{A}/endpoints/naughty")
    usable = [text for text in TEXTS if 0 < len(text) <= 50 and all(ch >= " " and ch != "\x7f" for ch in text)]
    for start in range(0, len(usable), 50):
        part = usable[start : start + 50]
        items = [
            {"Id": f"n-{start + n}", "ChannelType": "EMAIL", "Address": f"n{start + n}@example.com", "Attributes": {text: [text]}}
            for n, text in enumerate(part)
        ]
        equal(send("PUT", f"{A}/endpoints", {"Item": items}).status, 202, f"endpoints with naughty names from {start} on")
    bad = []
    for n, text in enumerate(usable):
        segment = {"Dimensions": {"Attributes": {text: {"AttributeType": "INCLUSIVE", "Values": [text]}}}}
        answer = send("POST", f"{A}/segments/estimate", segment)
        if answer.status != 200 or [answer.json["Count"], [e["Id"] for e in answer.json["Sample"]]] != [1, [f"n-{n}"]]:
            bad.append((text, answer.status, answer.body[:300]))
    check(not bad, "a segment by a naughty name finds its endpoint, and only that", bad[:4])


def broken_json(places):
    """Texts and numbers outside JSON, in every write: 400, and never stored."""
    bad = []
    for operation, method, target, sample in WRITES + CAMPAIGN_WRITES:
        target, sample = filled(target, places), filled(sample, places)
        first = next(iter(sample))
        for value in BROKEN_STRINGS + BROKEN_NUMBERS:
            for body in (written(sample | {first: value}), written(sample | {"Unknown": value})):
                answer = send(method, target, body)
                if answer.status != 400 or "JSON" not in answer.message:
                    bad.append((operation, value, answer.status, answer.message[:150]))
        for body in (
            deep(100_000),
            b'{"x":' + deep(100_000) + b"}",
            deep(100_000, b"1", b'{"a":', b"}"),
            written(sample)[:-1] + b',"' + first.encode() + b'":1}',
            written(sample)[:-1] + b',"\\u' + b"%04x" % ord(first[0]) + first[1:].encode() + b'":1}',
            written(sample) + b"x",
            b"\xef\xbb\xbf" + written(sample),
            b"7",
            b'"text"',
            b"null",
        ):
            answer = send(method, target, body)
            if answer.status != 400:
                bad.append((operation, body[:60], answer.status, answer.message[:150]))
    check(not bad, "what is no JSON object of its shape is 400", bad[:6])
    for value in NUMBERS:
        answer = send("PUT", f"{A}/endpoints/numbers", ENDPOINT | {"Metrics": {"n": value}})
        if equal(answer.status, 202, f"the metric {value[:20]} is a number"):
            equal(send("GET", f"{A}/endpoints/numbers").status, 200, f"the metric {value[:20]} can be read")


def paths(segment):
    bad = []
    for part in BROKEN_SEGMENTS:
        for method, target in [
            ("GET", f"{A}/endpoints/{part}"),
            ("PUT", f"{A}/endpoints/{part}"),
            ("DELETE", f"{A}/endpoints/{part}"),
            ("GET", f"{A}/users/{part}"),
            ("DELETE", f"{A}/users/{part}"),
            ("GET", f"{A}/segments/{part}"),
            ("GET", f"{A}/segments/{segment}/versions/{part}"),
            ("GET", f"/v1/apps/{part}/settings"),
            ("GET", f"{A}/segments?token={part}"),
            ("GET", f"/v1/apps?page-size={part}"),
        ]:
            answer = send(method, target, ENDPOINT if method == "PUT" else None)
            if answer.status not in (400, 404):
                bad.append((method, target, answer.status))
    check(not bad, "a path or query that is no text is 400 or 404", bad[:8])
    for version in ("0", "-1", "9999999999999999999999", "1.0", "01", "x", "%20", "2147483648", "9223372036854775807"):
        answer = send("GET", f"{A}/segments/{segment}/versions/{version}")
        equal(answer.status, 404, f"version {version} of a segment")
    for size in ("0", "-1", "x", "1e3", "99999999999999999999", "%31%00"):
        equal(send("GET", f"{A}/segments?page-size={size}").status, 400, f"a page size of {size!r}")
    long = "x" * 2000
    equal(send("PUT", f"{A}/endpoints/{long}", ENDPOINT).status, 202, "an id of 2,000 bytes")
    equal(send("PUT", f"{A}/endpoints/{long}x", ENDPOINT).status, 400, "an id of 2,001 bytes")


created = send("POST", f"{A}/segments", {"Name": "source", "Dimensions": {}})
segment = created.json["Id"]
arn = urllib.parse.quote(send("GET", A).json["Arn"], safe="")
places = {"app": APP, "arn": arn, "endpoint": "sample", "segment": segment}
send("PUT", f"{A}/channels/email", {"FromAddress": "shop@example.com", "Identity": "example.com"})
wrong_kinds(places)
wrong_kinds_beyond_the_model(places)
texts()
members_of_naughty_segments()
broken_json(places)
paths(segment)
print("requests", count, TIME, flush=True)
finish()
