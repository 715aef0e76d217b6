#!/usr/bin/env python3
"""A receiver of campaign hooks, over TLS and in the clear, and Lambda's Invoke behind botocore's signature.

usage: hook_peer.py DIRECTORY ACCOUNT [KEY_ID SECRET [TOKEN]]

Listens on two free loopback ports, prints "port N plain M ca FILE", and appends one JSON line per request to
DIRECTORY/calls: method, path, headers and body. Every answer closes its connection. Ends with its parent.

POST /<behaviour> answers as a hook:
  filter     leaves out every third person, gives the others an attribute Offer, and tries to change their address
  echo       the endpoints as they came
  slow       waits 20 s
  late       as filter, after 4 s
  error      500
  flaky      500 twice for each first endpoint, then as filter
  malformed  no JSON
  wrong      endpoints that are no objects
  huge       10 MB without an end in sight
  redirect   to the plain port's /echo
HEAD answers 200 with X-Amz-Pinpoint-AccountId, except on /stranger.
POST /2015-03-31/functions/NAME/invocations is Lambda: filter, echo and slow as above, `throws` is a function error, others 404;
403 unless botocore signs the same request the same way.
"""
import datetime
import http.server
import json
import os
import pathlib
import signal
import socketserver
import ssl
import subprocess
import sys
import threading
import time
import urllib.parse

import botocore.auth
import botocore.awsrequest
import botocore.credentials

directory = pathlib.Path(sys.argv[1])
account = sys.argv[2]
credentials = botocore.credentials.Credentials(*sys.argv[3:6]) if len(sys.argv) > 3 else None
lock = threading.Lock()
failures = {}


def certificate():
    """A throw-away key and certificate for localhost and hooks.test."""
    key, cert = directory / "key.pem", directory / "ca.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
         "-keyout", key, "-out", cert, "-subj", "/CN=localhost",
         "-addext", "subjectAltName=DNS:localhost,DNS:hooks.test,IP:127.0.0.1"],
        check=True, stderr=subprocess.DEVNULL)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    return context, cert


def filtered(endpoints):
    kept = {}
    for number, (name, endpoint) in enumerate(endpoints.items()):
        digits = "".join(filter(str.isdigit, name))
        if (int(digits) if digits else number) % 3 == 0:
            continue
        endpoint["Attributes"]["Offer"] = [f"{len(name)} & more for {name}"]
        endpoint["Address"] = "somebody.else@example.com"
        endpoint["OptOut"] = "NONE"
        kept[name] = endpoint
    return kept


def is_signed(handler, body):
    """Whether botocore, given the same request, makes the same signature."""
    given = handler.headers.get("Authorization", "")
    if not given.startswith("AWS4-HMAC-SHA256 "):
        return False
    parts = dict(part.strip().split("=", 1) for part in given.split(" ", 1)[1].split(","))
    scope = parts["Credential"].split("/")
    names = parts["SignedHeaders"].split(";")
    url = f"http://{handler.headers['Host']}{handler.path}"
    request = botocore.awsrequest.AWSRequest(method=handler.command, url=url, data=body)
    for name in names:
        if name not in ("host", "x-amz-date", "x-amz-security-token"):
            request.headers[name] = handler.headers[name]
    moment = datetime.datetime.strptime(handler.headers["X-Amz-Date"], "%Y%m%dT%H%M%SZ")
    botocore.auth.get_current_datetime = lambda remove_tzinfo=True: moment
    botocore.auth.SigV4Auth(credentials, scope[3], scope[2]).add_auth(request)
    wanted = {"host", "content-type", "x-amz-date", "x-amz-invocation-type"}
    return (request.headers["Authorization"] == given and scope[3] == "lambda" and wanted <= set(names)
            and handler.headers.get("X-Amz-Security-Token") == credentials.token)


class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def record(self, body):
        call = {"method": self.command, "path": self.path, "headers": dict(self.headers.items()), "body": body.decode()}
        with lock, open(directory / "calls", "a") as calls:
            calls.write(json.dumps(call) + "\n")

    def answer(self, status, body=b"", **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_HEAD(self):
        self.record(b"")
        if self.path.startswith("/stranger"):
            return self.answer(200)
        self.answer(200, X_Amz_Pinpoint_AccountId=account)

    def do_GET(self):
        self.record(b"")
        self.answer(200, b"{}")

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.record(body)
        path = urllib.parse.urlsplit(self.path).path
        if path.startswith("/2015-03-31/functions/"):
            return self.invoke(urllib.parse.unquote(path.split("/")[3]), body)
        self.behave(path.strip("/"), body)

    def invoke(self, function, body):
        with lock:
            allowed = is_signed(self, body)
        if not allowed:
            return self.answer(403, b'{"message":"signature"}')
        name = function.split(":")[6] if function.startswith("arn:") else function.split(":")[0]
        if name == "throws":
            return self.answer(200, b'{"errorMessage":"no","errorType":"E"}', X_Amz_Function_Error="Unhandled")
        if name not in ("filter", "echo", "slow"):
            return self.answer(404, b'{"Message":"Function not found"}')
        self.behave(name, body)

    def behave(self, name, body):
        endpoints = json.loads(body)["Endpoints"]
        if name == "late":
            time.sleep(4)
        if name in ("filter", "late"):
            return self.answer(200, json.dumps(filtered(endpoints)).encode())
        if name == "echo":
            return self.answer(200, json.dumps(endpoints).encode())
        if name == "slow":
            time.sleep(20)
            return self.answer(200, json.dumps(endpoints).encode())
        if name == "flaky":
            first = next(iter(endpoints))
            with lock:
                failures[first] = failures.get(first, 0) + 1
                count = failures[first]
            if count < 3:
                return self.answer(500)
            return self.answer(200, json.dumps(filtered(endpoints)).encode())
        if name == "malformed":
            return self.answer(200, b"{not json")
        if name == "wrong":
            return self.answer(200, json.dumps({key: 5 for key in endpoints}).encode())
        if name == "huge":
            self.send_response(200)
            self.end_headers()
            try:
                self.wfile.write(b"{" + b" " * (10 << 20) + b"}")
            except OSError:
                pass
            return
        if name == "redirect":
            return self.answer(307, Location=f"http://127.0.0.1:{plain.server_port}/echo")
        self.answer(500)


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, *_):
        pass  # clients that hang up are what half of the tests are about


class TLSServer(Server):
    def finish_request(self, request, client_address):
        request.settimeout(30)
        with context.wrap_socket(request, server_side=True) as wrapped:
            super().finish_request(wrapped, client_address)


context, authority = certificate()
secure = TLSServer(("127.0.0.1", 0), Handler)
plain = Server(("127.0.0.1", 0), Handler)
for server in (secure, plain):
    threading.Thread(target=server.serve_forever, daemon=True).start()
print(f"port {secure.server_port} plain {plain.server_port} ca {authority}", flush=True)
signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
parent = os.getppid()
while os.getppid() == parent:
    time.sleep(0.5)
