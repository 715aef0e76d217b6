"""The dev inbox's SMTP server: accepts every message and stores it in the table `dev_inbox`.

For development only; it delivers nothing anywhere. A message is answered 250 after the commit that holds it, so what a
sender counts as accepted is in the table. Messages of all sessions that arrive while a commit is under way share the next
one: that, not parallel connections, is what keeps up with a campaign.

Run with Debian's python3-aiosmtpd and python3-asyncpg. The database's URL comes from NEEDLETAIL_DATABASE_URL, or from the
file that NEEDLETAIL_DATABASE_URL_FILE names, because a password has no place on a command line.
"""

import argparse
import asyncio
import email.header
import email.parser
import logging
import os
import signal
import sys

import asyncpg
from aiosmtpd.smtp import SMTP

MAX_MESSAGE_BYTES = 10 * 1024 * 1024
MAX_RECIPIENTS = 100
MAX_CONNECTIONS = 256
MAX_BATCH_ROWS = 500
MAX_BATCH_BYTES = 32 * 1024 * 1024
# Senders keep a connection between windows of a campaign.
SESSION_TIMEOUT_SECONDS = 120
COLUMNS = ["channel", "sender", "recipient", "subject", "message_id", "raw"]

log = logging.getLogger("dev-inbox")


def storable(text):
    """Text as Postgres takes it: no NUL, no lone surrogates."""
    return text.encode("utf-8", "replace").decode("utf-8").replace("\x00", "")


def header(headers, name):
    value = headers.get(name)
    if value is None:
        return None
    try:
        value = str(email.header.make_header(email.header.decode_header(str(value))))
    except (ValueError, LookupError):
        pass  # An undecodable header is shown as it came.
    return storable(" ".join(value.split()))


def rows_of(envelope):
    """One row per recipient, as a mailbox would have it."""
    raw = bytes(envelope.content)
    end = raw.find(b"\r\n\r\n")
    headers = email.parser.BytesHeaderParser().parsebytes(raw[: end + 4] if end >= 0 else raw)
    subject, message_id = header(headers, "Subject"), header(headers, "Message-ID")
    sender = storable(envelope.mail_from or "")
    return [("EMAIL", sender, storable(recipient), subject, message_id, raw) for recipient in envelope.rcpt_tos]


class Store:
    """Commits what is waiting, one COPY at a time."""

    def __init__(self, url):
        self.url = url
        self.connection = None
        self.waiting = []
        self.arrived = asyncio.Event()
        self.stopping = False

    async def add(self, rows):
        """Returns after the commit; raises what made it fail."""
        stored = asyncio.get_running_loop().create_future()
        self.waiting.append((rows, stored))
        self.arrived.set()
        await stored

    async def run(self):
        while True:
            if not self.waiting:
                if self.stopping:
                    break
                self.arrived.clear()
                await self.arrived.wait()
                continue
            await self.commit(self.take())
        if self.connection is not None:
            await self.connection.close()

    def stop(self):
        self.stopping = True
        self.arrived.set()

    def take(self):
        count = rows = size = 0
        for batch, _ in self.waiting:
            rows += len(batch)
            size += sum(len(row[5]) for row in batch)
            if count and (rows > MAX_BATCH_ROWS or size > MAX_BATCH_BYTES):
                break
            count += 1
        taken, self.waiting = self.waiting[:count], self.waiting[count:]
        return taken

    async def commit(self, taken):
        records = [row for rows, _ in taken for row in rows]
        try:
            if self.connection is None or self.connection.is_closed():
                self.connection = await asyncpg.connect(self.url, timeout=10, command_timeout=30)
            await self.connection.copy_records_to_table("dev_inbox", records=records, columns=COLUMNS)
        except (OSError, asyncio.TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            log.error("could not store %d messages: %s", len(records), error)
            if self.connection is not None:
                self.connection.terminate()
                self.connection = None
            self.settle(taken, error)
        else:
            self.settle(taken, None)

    @staticmethod
    def settle(taken, error):
        for _, stored in taken:
            if stored.done():
                continue  # Its session is gone.
            if error is None:
                stored.set_result(None)
            else:
                stored.set_exception(error)


class Handler:
    def __init__(self, store):
        self.store = store

    async def handle_EHLO(self, server, session, envelope, hostname, responses):
        session.host_name = hostname
        return [responses[0], "250-PIPELINING", *responses[1:]]

    async def handle_RCPT(self, server, session, envelope, address, options):
        if len(envelope.rcpt_tos) >= MAX_RECIPIENTS:
            return "452 4.5.3 Too many recipients"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server, session, envelope):
        try:
            await self.store.add(rows_of(envelope))
        except (OSError, asyncio.TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
            return "451 4.3.0 The message could not be stored; try again"
        return "250 2.0.0 Stored"


class BoundedSMTP(SMTP):
    """Refuses a connection over the limit instead of queueing it without an answer."""

    connections = 0

    def connection_made(self, transport):
        BoundedSMTP.connections += 1
        if BoundedSMTP.connections > MAX_CONNECTIONS:
            self.refused = True
            transport.write(b"421 4.7.0 Too many connections\r\n")
            transport.close()
            return
        self.refused = False
        super().connection_made(transport)

    def connection_lost(self, error):
        BoundedSMTP.connections -= 1
        if not self.refused:
            super().connection_lost(error)


async def serve(host, port, url):
    store = Store(url)
    handler = Handler(store)
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)

    def session():
        return BoundedSMTP(
            handler,
            data_size_limit=MAX_MESSAGE_BYTES,
            enable_SMTPUTF8=True,
            hostname="dev-inbox.needletail.invalid",
            ident="Needletail dev inbox",
            timeout=SESSION_TIMEOUT_SECONDS,
            loop=loop,
        )

    server = await loop.create_server(session, host, port, backlog=MAX_CONNECTIONS)
    log.info("listening on %s:%d", host, port)
    writer = asyncio.create_task(store.run())
    await stopped.wait()
    server.close()
    store.stop()
    await writer


def database_url():
    """The setting as the other processes read it: the value itself or the name of a file with it."""
    path = os.environ.get("NEEDLETAIL_DATABASE_URL_FILE")
    if not path:
        return os.environ.get("NEEDLETAIL_DATABASE_URL")
    try:
        with open(path, encoding="utf-8") as file:
            return file.read().strip()
    except OSError as error:
        sys.exit(f"NEEDLETAIL_DATABASE_URL_FILE: {error}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--listen", default="127.0.0.1:2525", metavar="HOST:PORT")
    arguments = parser.parse_args()
    host, _, port = arguments.listen.rpartition(":")
    url = database_url()
    if not url or not host or not port.isdigit():
        sys.exit("NEEDLETAIL_DATABASE_URL and --listen HOST:PORT are needed")
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    logging.getLogger("mail.log").setLevel(logging.ERROR)  # aiosmtpd logs every command, addresses included.
    asyncio.run(serve(host, int(port), url))


if __name__ == "__main__":
    main()
