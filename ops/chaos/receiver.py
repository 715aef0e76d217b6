#!/usr/bin/env python3
"""A webhook that takes no webhook-id twice, and writes down every message it takes before it says so.

usage: receiver.py FOLDER SECRET SEED

Listens on a free loopback port over TLS (a certificate of its own: FOLDER/ca.pem) and prints "port N". Each request that it takes is one
line of FOLDER/received: webhook-id, the endpoint, and "new" or "again". Requests without a good signature are written as "unsigned". Of
the requests, 2 % are answered 500 and not taken, 1 % are cut before they are taken and 1 % after. Commands on stdin: "rate N" takes at
most N messages a second from then on (0: as they come). Ends when stdin does.
"""

import asyncio
import json
import os
import pathlib
import random
import ssl
import subprocess
import sys

import standardwebhooks


class Receiver:
    def __init__(self, folder, secret, seed):
        # One write(2) per message, appended: survives this process, however it ends.
        self.file = os.open(folder / "received", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self.webhook = standardwebhooks.Webhook(secret)
        self.random = random.Random(seed)
        self.taken = set()
        self.interval = self.next_slot = 0.0

    def set_rate(self, per_second):
        self.interval = 1 / per_second if per_second > 0 else 0.0

    def take(self, headers, body):
        name = headers.get("webhook-id", "none")
        try:
            self.webhook.verify(body, headers)
        except standardwebhooks.WebhookVerificationError:
            os.write(self.file, f"{name} - unsigned\n".encode())
            return
        for endpoint in json.loads(body)["Endpoints"]:
            os.write(self.file, f"{name} {endpoint} {'again' if name in self.taken else 'new'}\n".encode())
        self.taken.add(name)

    async def pace(self):
        if self.interval:
            now = asyncio.get_running_loop().time()
            self.next_slot = max(now, self.next_slot) + self.interval
            await asyncio.sleep(self.next_slot - now)

    async def serve(self, reader, writer):
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
                headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in head[1:] if line)}
                body = await reader.readexactly(int(headers.get("content-length", 0)))
                draw = self.random.random()
                if draw < 0.01:
                    break
                if draw < 0.03:
                    writer.write(b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n")
                    continue
                self.take(headers, body)
                await self.pace()
                if draw < 0.04:
                    break
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
                await writer.drain()
        except (asyncio.IncompleteReadError, OSError):
            pass
        finally:
            writer.close()


def certificate(folder):
    key, cert = folder / "key.pem", folder / "ca.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
         "-keyout", key, "-out", cert, "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"],
        check=True, stderr=subprocess.DEVNULL)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    return context


async def main():
    folder = pathlib.Path(sys.argv[1])
    receiver = Receiver(folder, sys.argv[2], int(sys.argv[3]))
    server = await asyncio.start_server(receiver.serve, "127.0.0.1", 0, ssl=certificate(folder), backlog=200)
    print(f"port {server.sockets[0].getsockname()[1]}", flush=True)
    loop = asyncio.get_running_loop()
    commands = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(commands), sys.stdin)
    while line := await commands.readline():
        word, _, value = line.decode().strip().partition(" ")
        if word == "rate":
            receiver.set_rate(float(value))


if __name__ == "__main__":
    asyncio.run(main())
