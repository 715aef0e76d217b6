"""Random requests against the processes' own sockets: whatever comes, the answer is a sound one, the process lives on, and its
memory stays what it was.

usage: fuzz_requests.py APP TOKEN RUN_FOLDER COUNT SEED NAME=PID...

Mutants of sound requests: values of other kinds, texts and numbers of every sort, members that are gone, doubled, renamed or
nested deeply, bytes that are changed, cut or put in, ids and queries that do not decode. The same seed makes the same requests.
"""

import copy
import json
import os
import random
import re
import sys
import threading
import time
import urllib.parse

from audience_samples import BEYOND, WRITES, filled
from campaign_samples import WRITES as CAMPAIGN_WRITES
from naughty_values import BROKEN_NUMBERS, BROKEN_SEGMENTS, BROKEN_STRINGS, NUMBERS, TEXTS, Pairs, Raw, deep, written
from pinpoint_peer import check, equal, finish
from raw_requests import RawConnection

APP, TOKEN, FOLDER, COUNT, SEED = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]), int(sys.argv[5])
PIDS = {name: int(pid) for name, _, pid in (word.partition("=") for word in sys.argv[6:])}
A = f"/v1/apps/{APP}"
CLIENTS = 8
# Of the requests, before memory is measured: caches, pools and arenas have their size by then.
WARM_UP = 0.25
GROWTH_KILOBYTES = 8 << 10
SOUND = {200, 201, 202, 204, 400, 403, 404, 405, 413, 414, 429, 431, 501}
SERVICES = {"segments": "segment-service", "endpoints": "ingest-api", "users": "ingest-api", "events": "ingest-api"}
READS = ["endpoints/{id}", "users/{id}", "segments/{id}", "segments", "segments/{segment}/versions/{id}", "settings", ""]

DEPTHS = (5, 60, 63, 64, 65, 5000)
DEEP = [Raw(deep(depth, b"1").decode()) for depth in DEPTHS]
DEEP += [Raw(deep(depth, b"1", b'{"a":', b"}").decode()) for depth in DEPTHS]
# Maps with more names than anything may have.
MANY = [Raw(written({f"n{n}": ["v"] for n in range(count)}).decode()) for count in (51, 251, 10_001)]

lock = threading.Lock()
statuses, faults = {}, []


def service(target):
    parts = target.split("?")[0].split("/")
    return SERVICES.get(parts[4] if len(parts) > 4 else "", "campaign-scheduler")


def kilobytes(pid):
    """What the process holds alone: its share of the program's own pages grows when other suites end."""
    with open(f"/proc/{pid}/smaps_rollup") as file:
        return int(re.search(r"^Anonymous: +(\d+)", file.read(), re.MULTILINE).group(1))


def within(value, path=()):
    """Every place in a value."""
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from within(item, (*path, key))


class Mutator:
    def __init__(self, seed, places):
        self.random, self.places = random.Random(seed), places
        kept = {name: text for name, text in places.items() if name != "endpoint"}
        writes = WRITES + BEYOND + CAMPAIGN_WRITES
        samples = [(method, filled(target, kept), filled(sample, kept)) for _, method, target, sample in writes]
        self.samples = [(method, target, sample, list(within(sample))) for method, target, sample in samples]

    def value(self):
        chance = self.random.random
        if chance() < 0.4:
            return self.random.choice(TEXTS)
        if chance() < 0.3:
            return self.random.choice(BROKEN_STRINGS + BROKEN_NUMBERS)
        if chance() < 0.3:
            return self.random.choice(NUMBERS)
        if chance() < 0.1:
            return self.random.choice(DEEP)
        if chance() < 0.05:
            return self.random.choice(MANY)
        return copy.deepcopy(
            self.random.choice([None, True, False, 0, -1, 2**31, 2**63, 1.5, "", [], {}, [[]], [None], {"": None}, {"a": "b"}])
        )

    def mutated(self, value, path):
        """The value with one change at that place. What is on the way there becomes pairs, so that a name can come twice."""
        if not path:
            return self.value()
        first, *rest = path
        if isinstance(value, list) and not isinstance(value, Pairs):
            items = [self.mutated(item, rest) if index == first else item for index, item in enumerate(value)]
            times, self.times = self.times, 1
            return items * times
        pairs = Pairs()
        for key, item in value.items() if isinstance(value, dict) else value if isinstance(value, Pairs) else ():
            if key == first:
                pairs += self.member(key, item, rest)
            else:
                pairs.append((key, item))
        return pairs

    def member(self, key, item, rest):
        kind = self.random.random() if not rest else 1
        if kind < 0.1:
            return []
        if kind < 0.2:
            return [(key, item), (key, self.value())]
        if kind < 0.35:
            return [(self.random.choice(TEXTS), item)]
        if kind < 0.45:
            return [(key, item), (self.random.choice(TEXTS), self.value())]
        return [(key, self.mutated(item, rest))]

    def bytes(self, body):
        body = bytearray(body)
        for _ in range(self.random.randint(1, 4)):
            at = self.random.randrange(len(body) + 1)
            kind = self.random.random()
            if kind < 0.4 and at < len(body):
                body[at] = self.random.randrange(256)
            elif kind < 0.7:
                body[at:at] = bytes(self.random.randrange(256) for _ in range(self.random.randint(1, 8)))
            elif kind < 0.85:
                del body[at : at + self.random.randint(1, 40)]
            else:
                body[at:at] = body[: self.random.randint(1, 200)]
        return bytes(body)

    def segment(self):
        kind = self.random.random()
        if kind < 0.3:
            return self.random.choice(BROKEN_SEGMENTS)
        if kind < 0.6:
            return "".join(f"%{byte:02X}" for byte in self.random.choice(TEXTS).encode() or b"x")
        if kind < 0.8:
            return self.places["segment"]
        return "".join(f"%{self.random.randrange(256):02x}" for _ in range(self.random.randint(1, 12)))

    def query(self):
        names = ["page-size", "token", "next-token", "version", "tagKeys", "%00", ""]
        values = ["0", "1", "2", "-1", "99999999999999999999", "%FF", "e30", "eyJMaXN0IjoiR2V0U2VnbWVudHMiLCJBZnRlciI6e319", ""]
        parts = [f"{self.random.choice(names)}={self.random.choice(values)}" for _ in range(self.random.randint(0, 3))]
        return "?" + "&".join(parts) if parts else ""

    def request(self):
        """(method, target, body)"""
        if self.random.random() < 0.2:
            read = self.random.choice(READS).replace("{id}", self.segment()).replace("{segment}", self.places["segment"])
            method = self.random.choice(["GET", "GET", "GET", "DELETE", "HEAD", "PATCH"]) if "{" not in read else "GET"
            if read in ("", "settings") or method == "DELETE" and self.places["segment"] in read:
                method = "GET"
            return method, f"{A}/{read}{self.query()}".replace(f"{A}/?", f"{A}?").rstrip("/"), b""
        method, target, sample, places = self.random.choice(self.samples)
        if self.random.random() < 0.15:
            target = target.replace("{endpoint}", self.segment()).replace("/segments", "/segments/estimate")
        target = target.replace("{endpoint}", "fuzzed").replace(f"/estimate/{self.places['segment']}", "/estimate")
        method = "POST" if target.endswith("/estimate") else method
        # One list of a request at most, so that it stays of a size that is worth its time.
        self.times = self.random.choice([1] * 20 + [0, 2, 101])
        for _ in range(self.random.choice([1, 1, 1, 2, 4])):
            sample = self.mutated(sample, self.random.choice(places))
        body = written(sample)
        if self.random.random() < 0.2:
            body = self.bytes(body)
        return method, target, body


def fault_of(method, target, answer):
    if answer.status not in SOUND:
        return f"status {answer.status}"
    if not answer.headers.get("x-amzn-requestid"):
        return "no request id"
    if method == "HEAD" or answer.status == 204:
        return "a body" if answer.body else None
    try:
        value = json.loads(answer.body.decode())
    except ValueError:
        return "a body that is no JSON"
    if answer.status >= 300 and (sorted(value) != ["Message", "RequestID"] or not answer.headers.get("x-amzn-errortype")):
        return "an error without its members"
    return None


def work(number, places, requests):
    mutator = Mutator(f"{SEED}.{number}", places)
    connections = {name: RawConnection(f"{FOLDER}/{name}.sock", TOKEN) for name in PIDS}
    for _ in range(requests):
        method, target, body = mutator.request()
        try:
            answer = connections[service(target)].send(method, target, body)
            fault = fault_of(method, target, answer)
            status = answer.status
        except OSError as error:
            fault, status = f"no answer: {error!r}", None
        with lock:
            statuses[status] = statuses.get(status, 0) + 1
            if fault and len(faults) < 20:
                faults.append((fault, method, target, body[:600], answer.body[:300] if status else None))


def run(places, total, first):
    threads = [threading.Thread(target=work, args=(first + n, places, total // CLIENTS)) for n in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def huge():
    """Bodies of the largest size that is taken, each of which costs a careless parser its stack or its memory."""
    ingest = RawConnection(f"{FOLDER}/ingest-api.sock", TOKEN)
    segments = RawConnection(f"{FOLDER}/segment-service.sock", TOKEN)
    limit = 7 << 20
    for what, body in [
        ("7 MB of [", b"[" * limit),
        ("7 MB of {\"a\":", b'{"a":' * (limit // 5)),
        ("7 MB of members", b"{" + b",".join(b'"%d":0' % n for n in range(650_000)) + b"}"),
        ("7 MB of elements", b'{"Item":[' + b"0," * 3_000_000 + b"0]}"),
        ("7 MB of digits", b'{"Metrics":{"n":' + b"9" * (limit - 100) + b"}}"),
        ("7 MB of escapes", b'{"Address":"' + b"\\u0041" * (limit // 6 - 20) + b'"}'),
        ("7 MB of one name", b'{"' + b"n" * (limit - 100) + b'":1}'),
        ("7 MB of blanks", b" " * (limit - 2) + b"{}"),
    ]:
        for connection, method, target in [
            (ingest, "PUT", f"{A}/endpoints/huge"),
            (ingest, "PUT", f"{A}/endpoints"),
            (segments, "POST", f"{A}/segments"),
            (segments, "POST", f"{A}/segments/estimate"),
        ]:
            answer = connection.send(method, target, body)
            check(answer.status in (400, 413), f"{what} to {target[-10:]}", (answer.status, answer.body[:200]))


def main():
    connection = RawConnection(f"{FOLDER}/segment-service.sock", TOKEN)
    created = connection.send("POST", f"{A}/segments", written({"Name": "source", "Dimensions": {}}))
    app = RawConnection(f"{FOLDER}/campaign-scheduler.sock", TOKEN).send("GET", A).json
    arn = urllib.parse.quote(app["Arn"], safe="")
    places = {"app": APP, "arn": arn, "endpoint": "fuzzed", "segment": created.json["Id"]}
    huge()
    run(places, int(COUNT * WARM_UP), 0)
    huge()
    before = {name: kilobytes(pid) for name, pid in PIDS.items()}
    began = time.monotonic()
    run(places, COUNT - int(COUNT * WARM_UP), CLIENTS)
    huge()
    seconds = time.monotonic() - began
    after = {name: kilobytes(pid) for name, pid in PIDS.items()}
    growth = {name: after[name] - before[name] for name in PIDS}
    for fault in faults[:8]:
        check(False, "every answer is sound", fault)
    check(not faults, f"{sum(statuses.values())} random requests got sound answers", statuses)
    refused = sum(count for status, count in statuses.items() if status and status >= 400)
    check(refused > COUNT // 4 and sum(statuses.values()) - refused > COUNT // 20, "both refusals and successes", statuses)
    for name, grown in growth.items():
        check(grown < GROWTH_KILOBYTES, f"{name} holds no more memory than before", f"{before[name]} kB, then {after[name]} kB")
    for name, pid in PIDS.items():
        check(os.path.exists(f"/proc/{pid}"), f"{name} lives")
    equal(connection.send("GET", f"{A}/segments?page-size=1").status, 200, "and works")
    print("fuzz", f"{seconds:.1f} s", statuses, growth, "kB", "seed", SEED, flush=True)
    finish()


main()
