#!/usr/bin/env python3
"""A real SMTP server that writes down every message it takes, before it says so.

usage: sink.py FILE

Listens on a free loopback port and prints "port N". Each received message is one line of FILE: Message-ID, a blank, the
recipient. A line is written before the reply after the final dot: what a worker that was killed meanwhile never read is
in the file all the same. Commands on stdin: "rate N" takes at most N messages a second from then on (0: as they come).
Ends when stdin does.
"""

import asyncio
import os
import re
import sys

from aiosmtpd.smtp import SMTP

MESSAGE_ID = re.compile(rb"^Message-ID:[ \t]*<([^>\r\n]+)>", re.IGNORECASE | re.MULTILINE)


class Handler:
    def __init__(self, path):
        # One write(2) per message, appended: survives this process, however it ends.
        self.file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self.interval = 0.0
        self.next_slot = 0.0

    def set_rate(self, per_second):
        self.interval = 1 / per_second if per_second > 0 else 0.0

    async def handle_EHLO(self, server, session, envelope, hostname, responses):
        session.host_name = hostname
        responses.insert(1, "250-PIPELINING")
        return responses

    async def handle_DATA(self, server, session, envelope):
        head = envelope.content.split(b"\r\n\r\n", 1)[0]
        found = MESSAGE_ID.search(head)
        name = found.group(1).decode() if found else "none"
        os.write(self.file, f"{name} {envelope.rcpt_tos[0]}\n".encode())
        if self.interval:
            now = asyncio.get_running_loop().time()
            self.next_slot = max(now, self.next_slot) + self.interval
            await asyncio.sleep(self.next_slot - now)
        return "250 2.0.0 taken"


async def main():
    handler = Handler(sys.argv[1])
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(handler, hostname="sink.chaos.invalid", data_size_limit=1 << 20, loop=loop),
        "127.0.0.1", 0, backlog=100)
    print(f"port {server.sockets[0].getsockname()[1]}", flush=True)
    commands = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(commands), sys.stdin)
    while line := await commands.readline():
        word, _, value = line.decode().strip().partition(" ")
        if word == "rate":
            handler.set_rate(float(value))


if __name__ == "__main__":
    asyncio.run(main())
