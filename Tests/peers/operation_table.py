"""One table of operations, tried by boto3: what a full request is answered, and each refusal that the service documents; every
list by pages."""

import base64
import dataclasses
import json
import re
import urllib.parse

from audience_samples import filled
from pinpoint_peer import answered, check, client, equal, plain, refused, signed

MISSING = "0" * 32
EVENTS_BYTES, BODY_BYTES = 4 << 20, 7 << 20
OVERSIZED = {"PutEvents": EVENTS_BYTES}
pinpoint = client(retries={"total_max_attempts": 1})
names = {operation: method for method, operation in pinpoint.meta.method_to_api_mapping.items()}
model = pinpoint.meta.service_model


@dataclasses.dataclass
class Case:
    operation: str
    # Of the path, besides the app; {…} are filled in.
    ids: dict = dataclasses.field(default_factory=dict)
    # The id that names nothing, and gets 404.
    missing: str = ""
    body: object = None
    # Number of items that the list has.
    items: int = 0


class Call:
    """One operation with arguments of a case: through boto3, and as the raw request that boto3 would make."""

    def __init__(self, case, places):
        self.case, self.name = case, case.operation
        self.model = model.operation_model(case.operation)
        shape = self.model.input_shape
        self.arguments = filled(case.ids, places)
        if "ApplicationId" in shape.members:
            self.arguments["ApplicationId"] = places["app"]
        self.payload = shape.serialization.get("payload")
        if self.payload:
            self.arguments[self.payload] = filled(case.body, places)

    def run(self, **changed):
        return getattr(pinpoint, names[self.name])(**(self.arguments | changed))

    @property
    def answer(self):
        """The payload of the answer, without the name that SDKs wrap it in."""
        return next(value for key, value in self.run().items() if key != "ResponseMetadata")

    @property
    def token(self):
        """Pinpoint has two names for it."""
        return "Token" if "Token" in self.model.input_shape.members else "NextToken"

    @property
    def method(self):
        return self.model.http["method"]

    @property
    def target(self):
        members = self.model.input_shape.members
        words = {m.serialization["name"]: key for key, m in members.items() if m.serialization.get("location") == "uri"}
        path = self.model.http["requestUri"].split("?")[0]
        return re.sub(r"{([^}]+)}", lambda found: urllib.parse.quote(self.arguments[words[found[1]]], safe=""), path)

    @property
    def body(self):
        return json.dumps(self.arguments[self.payload]).encode() if self.payload else b""


def is_refused(what, answer, status, code, message=""):
    if not equal((answer.status, answer.headers.get("x-amzn-ErrorType")), (status, code), what):
        print("  body:", answer.body[:300], flush=True)
        return
    body = answer.json
    sound = sorted(body) == ["Message", "RequestID"] and body["RequestID"] == answer.headers.get("x-amzn-RequestId")
    check(sound and message in body["Message"], f"{what}: message and request id", body)


def refusals(call):
    name, method, target, body = call.name, call.method, call.target, call.body
    headers = {"Content-Type": "application/json"} if body else None
    for what, code, answer in [
        ("without a signature", "MissingAuthenticationTokenException", plain(method, target, body)),
        ("with a wrong secret", "InvalidSignatureException", signed(method, target, body, secret="x" * 40, headers=headers)),
        ("by an unknown key", "UnrecognizedClientException", signed(method, target, body, key="NTKNOBODY", headers=headers)),
        ("signed yesterday", "InvalidSignatureException", signed(method, target, body, at=-86_400, headers=headers)),
    ]:
        is_refused(f"{name} {what}", answer, 403, code)
    answer = signed("PATCH", target)
    is_refused(f"{name} by PATCH", answer, 405, "MethodNotAllowedException")
    check(method in answer.headers.get("Allow", ""), f"{name} is among the methods allowed", answer.headers.get("Allow"))
    if "ApplicationId" in call.arguments:
        for wrong in (MISSING, "x", "A" * 32):
            with refused(f"{name} of the app {wrong[:4]}", 404, "NotFoundException", "Application not found"):
                call.run(ApplicationId=wrong)
    if call.case.missing:
        for wrong in (MISSING, "nobody's"):
            with refused(f"{name} of what is not there", 404, "NotFoundException", "Resource not found"):
                call.run(**{call.case.missing: wrong})
    if call.payload:
        bodies(call)


def bodies(call):
    def send(body):
        return signed(call.method, call.target, body, headers={"Content-Type": "application/json"})

    for what, body, message in [
        ("without a body", b"", "empty"),
        ("with half a body", call.body[:-2], "Malformed JSON"),
        ("with a list", b"[]", "must be a JSON object"),
    ]:
        is_refused(f"{call.name} {what}", send(body), 400, "BadRequestException", message)
    for member in required(call):
        with_out = {key: value for key, value in call.arguments[call.payload].items() if key != member}
        is_refused(f"{call.name} without {member}", send(json.dumps(with_out).encode()), 400, "BadRequestException", member)
    padded = call.body[:-1] + b" " * OVERSIZED.get(call.name, BODY_BYTES) + b"}"
    is_refused(f"{call.name} with too large a body", send(padded), 413, "PayloadTooLargeException")


def required(call):
    return call.model.input_shape.members[call.payload].required_members


def pages(call):
    """One item at a time, to the end; then tokens that nobody gave."""
    whole = [identity(item) for item in call.answer["Item"]]
    equal(len(whole), call.case.items, f"{call.name} lists everything")
    seen, token, tokens = [], {}, []
    while len(seen) <= len(whole):
        answer = call.run(PageSize="1", **token)
        page = next(value for key, value in answer.items() if key != "ResponseMetadata")
        seen += [identity(item) for item in page["Item"]]
        check(len(page["Item"]) == 1, f"{call.name} keeps to the page's size", page)
        if "NextToken" not in page:
            break
        tokens.append(page["NextToken"])
        token = {call.token: page["NextToken"]}
    equal(seen, whole, f"{call.name} by pages of one is the same list")
    equal(len(set(tokens)), len(whole) - 1, f"{call.name} ends without a token")
    for what, bad in [
        ("of garbage", "garbage"),
        ("that was cut", tokens[0][:-3]),
        ("with a digit changed", changed(tokens[0])),
        ("of another list", encoded(decoded(tokens[0]) | {"List": "GetNothing"})),
        ("of another shape", encoded({"List": call.name, "After": {"Id": 7, "CreatedAt": "x", "Version": "x"}})),
        ("of an array", encoded([call.name])),
        ("as long as a book", "A" * 5000),
    ]:
        with refused(f"{call.name} with a token {what}", 400, "BadRequestException", "token"):
            call.run(**{call.token: bad})
    for size in ("0", "-1", "one", "1.5", "99999999999"):
        with refused(f"{call.name} with pages of {size}", 400, "BadRequestException", "page-size"):
            call.run(PageSize=size)
    equal([identity(item) for item in page_of(call, "500")], whole, f"{call.name} in one large page")


def page_of(call, size):
    return next(value for key, value in call.run(PageSize=size).items() if key != "ResponseMetadata")["Item"]


def identity(item):
    return (item.get("Id"), item.get("TemplateName"), item.get("TemplateType"), item.get("Version"))


def decoded(token):
    return json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))


def encoded(value):
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def changed(token):
    """In the middle of the JSON, so that it decodes and means something else, or nothing."""
    text = bytearray(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    text[0] ^= 1
    return base64.urlsafe_b64encode(bytes(text)).decode().rstrip("=")


def run_table(cases, places, built):
    """Each operation of the table that is built, in the table's order."""
    for case in cases:
        if case.operation not in built:
            continue
        call = Call(case, places)
        refusals(call)
        if case.items:
            pages(call)
        else:
            call.run()


def is_whole(groups, listed, built):
    """Whether no operation of `groups` was forgotten."""
    ours = {name for name in model.operation_names if re.search(groups, name)} & built
    equal(sorted(ours - listed), [], "every operation of the groups is in the table")
    equal(sorted((ours & listed) - answered), [], "every operation of the table was answered")
