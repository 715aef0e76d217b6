#!/usr/bin/env python3
"""APNs, FCM, a Web Push service, ADM and Baidu as one HTTP/2 server over TLS (hypercorn), checking with other people's libraries.

usage: push_peer.py DIRECTORY

Makes keys of its own, listens on a free loopback port, prints "port N ca FILE", and appends one JSON line per request to
DIRECTORY/calls: path, headers, body, connection (the client's port), http version, and what the check found. Ends with its parent.

Keys in DIRECTORY: apns.p8, service.json (a Google service account whose token_uri is this peer), vapid.pem, vapid.pub,
subscription.json (with PORT and NAME as the end of its endpoint, to be replaced).

What is answered is in the address:
  APNs          first two hex digits of the token, see APNS below
  FCM           NAME-… of FCM's or Google's error codes, or anything else for success; `expired-…` 401 under a first access token
  Web Push      the first number in the endpoint's path is the status
  ADM           the reason as the registration id's beginning; `New-…` success under another id
  Baidu         the error code as the channel id's beginning
  `hang`, or ff of APNs: never answers
"""
import asyncio
import base64
import ctypes
import hashlib
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.parse

import google.auth.jwt
import http_ece
import hypercorn.asyncio
import hypercorn.config
import jwt
import py_vapid
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding, NoEncryption, PrivateFormat, PublicFormat)

directory = pathlib.Path(sys.argv[1])
subprocess.run(
    ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
     "-keyout", directory / "key.pem", "-out", directory / "ca.pem", "-subj", "/CN=localhost",
     "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"],
    check=True, stderr=subprocess.DEVNULL)


def pem(key):
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def point(key):
    raw = key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


apns_key, vapid_key, browser_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(3))
google_key = rsa.generate_private_key(65537, 2048)
google_public = google_key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
auth_secret = os.urandom(16)

listener = socket.socket()
listener.bind(("127.0.0.1", 0))
listener.listen(64)
port = listener.getsockname()[1]
base = f"https://localhost:{port}"

(directory / "apns.p8").write_text(pem(apns_key))
(directory / "vapid.pem").write_text(pem(vapid_key))
(directory / "vapid.pub").write_text(point(vapid_key))
(directory / "service.json").write_text(json.dumps({
    "type": "service_account", "project_id": "needle-test", "private_key_id": "0123456789abcdef",
    "private_key": pem(google_key), "client_email": "push@needle-test.iam.gserviceaccount.com",
    "token_uri": f"{base}/token"}))
(directory / "subscription.json").write_text(json.dumps({
    "endpoint": f"{base}/push/NAME", "expirationTime": None,
    "keys": {"p256dh": point(browser_key), "auth": base64.urlsafe_b64encode(auth_secret).rstrip(b"=").decode()}}))

calls = open(directory / "calls", "a", buffering=1)
tokens = {"google": 0, "amazon": 0}
refused_jwts = set()

NOW = int(time.time() * 1000)
APNS = {
    "01": (400, "BadDeviceToken", {}), "02": (400, "DeviceTokenNotForTopic", {}),
    "03": (410, "Unregistered", {"timestamp": NOW + 86_400_000}), "04": (410, "Unregistered", {"timestamp": 1000}),
    "05": (410, "ExpiredToken", {}), "06": (429, "TooManyRequests", {}), "07": (500, "InternalServerError", {}),
    "08": (503, "ServiceUnavailable", {}), "09": (413, "PayloadTooLarge", {}), "0a": (400, "TopicDisallowed", {}),
    "0b": (403, "InvalidProviderToken", {}), "0c": (400, "BadPriority", {}), "0e": (403, "ExpiredProviderToken", {}),
}


def check(condition, words):
    if not condition:
        raise AssertionError(words)


def bearer(headers):
    scheme, token = headers["authorization"].split(" ", 1)
    check(scheme.lower() == "bearer", "no bearer token")
    return token


def apns(path, headers, body, found):
    device = path.rsplit("/", 1)[1]
    if "authorization" in headers:
        token = bearer(headers)
        claims = jwt.decode(token, apns_key.public_key(), algorithms=["ES256"], options={"verify_iat": False})
        check(jwt.get_unverified_header(token) == {"alg": "ES256", "kid": "KEY1234567"}, "header")
        check(claims["iss"] == "TEAM123456" and set(claims) == {"iss", "iat"}, "claims")
        found["iat"] = claims["iat"]
        if device[:2] == "0d":
            # The first token that such a message comes with is expired for ever.
            if not refused_jwts:
                refused_jwts.add(token)
            if token in refused_jwts:
                return 403, {}, {"reason": "ExpiredProviderToken"}
    check(re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", headers["apns-id"]), "apns-id")
    check(isinstance(json.loads(body)["aps"], dict), "aps")
    if device[:2] in APNS:
        status, reason, more = APNS[device[:2]]
        extra = {"retry-after": "7"} if device[:4] == "0607" else {}
        return status, extra, {"reason": reason, **more}
    return 200, {"apns-id": headers["apns-id"]}, None


FCM = {
    "UNREGISTERED": (404, "NOT_FOUND", True), "SENDER_ID_MISMATCH": (403, "PERMISSION_DENIED", True),
    "QUOTA_EXCEEDED": (429, "RESOURCE_EXHAUSTED", True), "UNAVAILABLE": (503, "UNAVAILABLE", True),
    "INTERNAL": (500, "INTERNAL", True), "THIRD_PARTY_AUTH_ERROR": (401, "UNAUTHENTICATED", True),
    "NOT_FOUND": (404, "NOT_FOUND", False), "PERMISSION_DENIED": (403, "PERMISSION_DENIED", False),
}


def google_error(status, word, code=None, message="no", more=()):
    details = [{"@type": "type.googleapis.com/google.firebase.fcm.v1.FcmError", "errorCode": code}] if code else []
    return {"error": {"code": status, "message": message, "status": word, "details": details + list(more)}}


def fcm(path, headers, body, found):
    if path == "/token":
        form = dict(urllib.parse.parse_qsl(body.decode()))
        check(form["grant_type"] == "urn:ietf:params:oauth:grant-type:jwt-bearer", "grant_type")
        claims = google.auth.jwt.decode(
            form["assertion"], certs={"0123456789abcdef": google_public},
            audience="https://oauth2.googleapis.com/token", clock_skew_in_seconds=10)
        check(claims["iss"].startswith("push@") and claims["exp"] == claims["iat"] + 3600, "claims")
        check(claims["scope"] == "https://www.googleapis.com/auth/firebase.messaging", "scope")
        tokens["google"] += 1
        return 200, {}, {"access_token": f"google-{tokens['google']}", "expires_in": 3599, "token_type": "Bearer"}
    check(path == "/v1/projects/needle-test/messages:send", "path")
    token = bearer(headers)
    message = json.loads(body)["message"]
    check(all(isinstance(value, str) for value in message.get("data", {}).values()), "data must be strings")
    address = message["token"]
    if token != f"google-{tokens['google']}" or address.startswith("expired-") and token == "google-1":
        return 401, {}, google_error(401, "UNAUTHENTICATED")
    if address.startswith("INVALID_TOKEN"):
        return 400, {}, google_error(
            400, "INVALID_ARGUMENT", "INVALID_ARGUMENT", "The registration token is not a valid FCM registration token")
    if address.startswith("INVALID_FIELD"):
        return 400, {}, google_error(
            400, "INVALID_ARGUMENT", None, "Invalid value",
            [{"@type": "type.googleapis.com/google.rpc.BadRequest",
              "fieldViolations": [{"field": "message.android.ttl", "description": "x"}]}])
    for code, (status, word, is_own) in FCM.items():
        if address.startswith(code):
            extra = {"retry-after": "120"} if address.endswith("-120") else {}
            return status, extra, google_error(status, word, code if is_own else None)
    return 200, {}, {"name": "projects/needle-test/messages/0:1500415314455276%31bd1c9631bd1c96"}


def web(path, headers, body, found):
    scheme, rest = headers["authorization"].split(" ", 1)
    check(scheme == "vapid", "vapid")
    parts = dict(part.strip().split("=", 1) for part in rest.split(","))
    check(py_vapid.Vapid02.verify(headers["authorization"]), "py_vapid does not take it")
    claims = jwt.decode(parts["t"], vapid_key.public_key(), algorithms=["ES256"], audience=base)
    check(parts["k"] == point(vapid_key), "k")
    check(time.time() < claims["exp"] <= time.time() + 86_400 and claims["sub"].startswith("mailto:"), "claims")
    check(headers["content-encoding"] == "aes128gcm" and int(headers["ttl"]) >= 0, "headers")
    found["plaintext"] = json.loads(http_ece.decrypt(body, private_key=browser_key, auth_secret=auth_secret))
    number = re.search(r"\d{3}", path)
    status = int(number.group()) if number else 201
    extra = {"retry-after": "30"} if status == 429 else {"location": f"{base}/message/1"} if status == 201 else {}
    return status, extra, {"errno": 106} if status == 410 else None


def adm(path, headers, body, found):
    if path == "/auth/O2/token":
        form = dict(urllib.parse.parse_qsl(body.decode()))
        check(form == {"grant_type": "client_credentials", "scope": "messaging:push", "client_id": "client",
                       "client_secret": "secret"}, form)
        tokens["amazon"] += 1
        return 200, {}, {"access_token": f"amazon-{tokens['amazon']}", "expires_in": 3600, "scope": "messaging:push"}
    token = bearer(headers)
    check(headers["x-amzn-type-version"] == "com.amazon.device.messaging.ADMMessage@1.0", "type version")
    check(headers["x-amzn-accept-type"] == "com.amazon.device.messaging.ADMSendResult@1.0", "accept type")
    address = urllib.parse.unquote(path.split("/")[3])
    message = json.loads(body)
    pairs = ",".join(f"{key}:{message['data'][key]}" for key in sorted(message["data"]))
    check(message["md5"] == base64.b64encode(hashlib.md5(pairs.encode()).digest()).decode(), "md5")
    if address.startswith("expired-") and token == "amazon-1":
        return 401, {}, {"reason": "AccessTokenExpired"}
    for reason, status in {"Unregistered": 400, "InvalidRegistrationId": 400, "InvalidData": 400,
                           "MaxRateExceeded": 429, "MessageTooLarge": 413, "ServiceBusy": 503}.items():
        if address.startswith(reason):
            return status, {"retry-after": "9"} if status == 429 else {}, {"reason": reason}
    return 200, {}, {"registrationID": f"Newer-{address[4:]}" if address.startswith("New-") else address}


def baidu(path, headers, body, found):
    pairs = urllib.parse.parse_qsl(body.decode(), strict_parsing=True)
    form = dict(pairs)
    sign = form.pop("sign")
    gathered = f"POST{base}{path}" + "".join(f"{key}={form[key]}" for key in sorted(form)) + "secret"
    encoded = urllib.parse.quote_plus(gathered).replace("~", "%7E")
    check(sign == hashlib.md5(encoded.encode()).hexdigest(), "sign")
    check(abs(int(form["timestamp"]) - time.time()) < 600, "timestamp")
    check(headers["user-agent"].startswith("BCCS_SDK/3.0"), "user agent")
    code = form["channel_id"].split("-")[0]
    if code.isdigit():
        status = 500 if code == "30600" else 403 if code == "30603" else 400
        return status, {}, {"request_id": 1, "error_code": int(code), "error_msg": "no"}
    return 200, {}, {"request_id": 1, "response_params": {"msg_id": "87", "send_time": 1}}


def text(body):
    """As it came, or base64 of what is no text."""
    try:
        if b"\0" not in body:
            return body.decode()
    except UnicodeDecodeError:
        pass
    return base64.b64encode(body).decode()


def service(path):
    if path.startswith("/3/device/"):
        return apns
    if path == "/token" or path.startswith("/v1/projects/"):
        return fcm
    if path.startswith("/push/"):
        return web
    if path.startswith("/rest/"):
        return baidu
    return adm


async def app(scope, receive, send):
    if scope["type"] != "http":
        raise RuntimeError("http only")
    body = b""
    while True:
        event = await receive()
        body += event.get("body", b"")
        if not event.get("more_body"):
            break
    path = scope["path"]
    headers = {name.decode(): value.decode() for name, value in scope["headers"]}
    found = {}
    try:
        status, extra, answer = service(path)(scope["raw_path"].decode(), headers, body, found)
    except Exception as problem:
        found["problem"] = f"{type(problem).__name__}: {problem}"
        status, extra, answer = 418, {}, {"reason": found["problem"]}
    calls.write(json.dumps({
        "path": path, "headers": headers, "body": text(body), "connection": scope["client"][1],
        "http": scope["http_version"], **found}) + "\n")
    if "hang" in path or path.startswith("/3/device/ff") or b"hang" in body:
        await asyncio.sleep(3600)
    content = json.dumps(answer).encode() if answer is not None else b""
    await send({"type": "http.response.start", "status": status, "headers": [
        (name.encode(), value.encode()) for name, value in extra.items()]})
    await send({"type": "http.response.body", "body": content})


async def main():
    ctypes.CDLL("libc.so.6").prctl(1, signal.SIGKILL)
    config = hypercorn.config.Config()
    config.bind = [f"fd://{listener.fileno()}"]
    config.certfile, config.keyfile = str(directory / "ca.pem"), str(directory / "key.pem")
    config.errorlog = None
    print(f"port {port} ca {directory / 'ca.pem'}", flush=True)
    await hypercorn.asyncio.serve(app, config, mode="asgi", shutdown_trigger=asyncio.Event().wait)


asyncio.run(main())
