#!/usr/bin/env python3
"""A real SMTP server (aiosmtpd) whose replies are scripted by the recipient's address.

usage: smtp_peer.py DIRECTORY [--auth] [--tls-required] [--pipelining] [--slow] [--delay=SECONDS]

Listens on a free loopback port, prints "port N ca FILE", and appends one JSON line per accepted message to
DIRECTORY/messages: its envelope, raw bytes (base64) and what Python's e-mail parser makes of them. Ends with its parent.

  code-550-5.1.1@…   RCPT is refused with that code
  mail-451-4.7.1@…   (as sender) MAIL is refused
  data-452-4.2.2@…   the reply after the final dot
  drop@…             the connection is cut after the final dot, without a reply
  droprcpt@…         the connection is cut at RCPT
  close@…            421 after the final dot

With --slow every final dot is answered after 20 ms, so that a run lasts long enough to be disturbed; with --delay after that
many seconds. "received" is when the content had come, in seconds since 1970.
"""
import asyncio
import base64
import email
import email.header
import email.policy
import json
import os
import pathlib
import ssl
import subprocess
import sys
import time

from aiosmtpd.smtp import SMTP, AuthResult

directory = pathlib.Path(sys.argv[1])
flags = set(sys.argv[2:])
delay = next((float(flag.removeprefix("--delay=")) for flag in flags if flag.startswith("--delay=")), 0)
delay = delay or (0.02 if "--slow" in flags else 0)


def certificate():
    """A throw-away key and certificate for localhost."""
    key, cert = directory / "key.pem", directory / "ca.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
         "-keyout", key, "-out", cert, "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"],
        check=True, stderr=subprocess.DEVNULL)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    return context, cert


def scripted(address, word):
    parts = address.split("@")[0].split("-")
    if parts[0] == word and len(parts) == 3:
        return f"{parts[1]} {parts[2]} scripted"
    return None


def parsed(raw):
    message = email.message_from_bytes(raw, policy=email.policy.default)
    parts = [
        {"type": part.get_content_type(), "encoding": part.get("Content-Transfer-Encoding", ""), "text": part.get_content()}
        for part in message.walk() if not part.is_multipart()
    ]
    # The parser of Python 3.11 keeps the blank between the encoded words of a name (RFC 2047 §6.2 drops it); this one does not.
    compatible = email.message_from_bytes(raw, policy=email.policy.compat32)
    decoded = {
        name: str(email.header.make_header(email.header.decode_header(compatible[name]))) for name in ("From", "To")}
    return {
        "decoded": decoded,
        "headers": [[name, str(value)] for name, value in message.items()],
        "parts": parts,
        "defects": [repr(defect) for part in message.walk() for defect in part.defects],
    }


class Handler:
    async def handle_EHLO(self, server, session, envelope, hostname, responses):
        session.host_name = hostname
        if "--pipelining" in flags:
            responses.insert(1, "250-PIPELINING")
        return responses

    async def handle_MAIL(self, server, session, envelope, address, options):
        reply = scripted(address, "mail")
        if reply:
            return reply
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 sender ok"

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("droprcpt@"):
            server.transport.abort()
            return "250 2.1.5 never read"
        reply = scripted(address, "code")
        if reply:
            return reply
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 recipient ok"

    async def handle_DATA(self, server, session, envelope):
        address = envelope.rcpt_tos[0]
        received = time.time()
        await asyncio.sleep(delay)
        if address.startswith("drop@"):
            server.transport.abort()
            return "250 2.0.0 never read"
        if address.startswith("close@"):
            server.transport.write(b"421 4.3.2 closing\r\n")
            server.transport.close()
            return "250 2.0.0 never read"
        reply = scripted(address, "data")
        if reply:
            return reply
        record = {
            "from": envelope.mail_from, "to": envelope.rcpt_tos, "options": envelope.mail_options,
            "received": received, "peer": session.peer[1], "tls": session.ssl is not None, "raw": base64.b64encode(envelope.content).decode(),
        }
        if b"Message-ID:" in envelope.content:
            record.update(parsed(envelope.content))
        with open(directory / "messages", "a") as messages:
            messages.write(json.dumps(record) + "\n")
        return "250 2.0.0 Ok: queued as " + base64.b16encode(os.urandom(4)).decode()


def authenticate(server, session, envelope, mechanism, data):
    good = getattr(data, "login", None) == b"user" and getattr(data, "password", None) == b"p@ss:word"
    # handled=False: only then does aiosmtpd itself say 535.
    return AuthResult(success=good, handled=False)


async def main():
    context, cert = certificate()
    needs_tls = "--tls-required" in flags

    def session():
        return SMTP(
            Handler(), hostname="peer.test", tls_context=context, require_starttls=needs_tls,
            auth_required="--auth" in flags, auth_require_tls=True, authenticator=authenticate, enable_SMTPUTF8=True,
            data_size_limit=1 << 20)

    server = await asyncio.get_running_loop().create_server(session, "127.0.0.1", 0)
    print(f"port {server.sockets[0].getsockname()[1]} ca {cert}", flush=True)
    parent = os.getppid()
    while os.getppid() == parent:
        await asyncio.sleep(1)


asyncio.run(main())
