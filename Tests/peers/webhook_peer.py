#!/usr/bin/env python3
"""A receiver of custom messages over TLS, which checks Standard Webhooks signatures with that project's own package and takes no
webhook-id twice.

usage: webhook_peer.py DIRECTORY [SECRET…]

Listens on a free loopback port, prints "port N ca FILE", and appends one JSON line per request to DIRECTORY/calls: path, headers,
endpoints (ids, if there are any), verified (one boolean per SECRET), status, isNew (false for a webhook-id that was taken before), and the body. Keeps
connections alive. Ends with its parent.

POST /<behaviour>:
  take       200
  lose       takes it, and hangs up without an answer, once for each webhook-id; then 200
  deaf       takes it and never answers
  flaky      500 twice for each webhook-id, then 200
  later      429 with Retry-After: 7, once for each webhook-id; then 200
  <number>   that status
HEAD /… answers 200 with X-Amz-Pinpoint-AccountId: 123456789012, except on /stranger.
"""
import asyncio
import collections
import json
import os
import pathlib
import ssl
import subprocess
import sys

import standardwebhooks

directory = pathlib.Path(sys.argv[1])
checks = [standardwebhooks.Webhook(secret) for secret in sys.argv[2:]]
calls = open(directory / "calls", "a", buffering=1)
taken = set()
seen = collections.Counter()


def certificate():
    """A throw-away key and certificate for 127.0.0.1."""
    key, cert = directory / "key.pem", directory / "ca.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
         "-keyout", key, "-out", cert, "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"],
        check=True, stderr=subprocess.DEVNULL)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    return context, cert


def verified(check, headers, body):
    try:
        check.verify(body, headers)
        return True
    except standardwebhooks.WebhookVerificationError:
        return False


def behave(path, name):
    """(status or None for no answer, further headers, whether the message is taken)"""
    seen[path, name] += 1
    again = seen[path, name]
    if path == "take":
        return 200, "", True
    if path == "lose":
        return (None, "", True) if again == 1 else (200, "", True)
    if path == "deaf":
        return -1, "", True
    if path == "flaky":
        return (500, "", False) if again < 3 else (200, "", True)
    if path == "later":
        return (429, "Retry-After: 7\r\n", False) if again == 1 else (200, "", True)
    return int(path), "", int(path) < 300


async def serve(reader, writer):
    try:
        while head := await reader.readuntil(b"\r\n\r\n"):
            lines = head.decode().split("\r\n")
            method, path = lines[0].split(" ")[:2]
            headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in lines[1:] if line)}
            body = await reader.readexactly(int(headers.get("content-length", 0)))
            path = path.strip("/")
            if method == "HEAD":
                owner = "" if path == "stranger" else "X-Amz-Pinpoint-AccountId: 123456789012\r\n"
                writer.write(f"HTTP/1.1 200 OK\r\n{owner}Content-Length: 0\r\n\r\n".encode())
                continue
            name = headers.get("webhook-id", "")
            status, more, takes = behave(path, name)
            is_new = takes and name not in taken
            if takes:
                taken.add(name)
            calls.write(json.dumps({
                "path": path, "headers": headers, "endpoints": list(json.loads(body).get("Endpoints", {})), "status": status,
                "verified": [verified(check, headers, body) for check in checks], "isNew": is_new,
                "body": body.decode()}) + "\n")
            if status == -1:
                await asyncio.sleep(60)
            if status is None or status == -1:
                break
            writer.write(f"HTTP/1.1 {status} Any\r\n{more}Content-Length: 0\r\n\r\n".encode())
            await writer.drain()
    except (asyncio.IncompleteReadError, OSError):
        pass
    finally:
        writer.close()


async def main():
    context, authority = certificate()
    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context, backlog=100)
    print(f"port {server.sockets[0].getsockname()[1]} ca {authority}", flush=True)
    parent = os.getppid()
    while os.getppid() == parent:
        await asyncio.sleep(0.5)


asyncio.run(main())
