"""Drives an LMTP server with Python's own client.

usage: lmtp_session.py PORT     prints one line per observation
"""
import smtplib
import socket
import sys

port = int(sys.argv[1])
raw = b"From: a@x.test\r\nSubject: hi\r\n\r\n.leading dot\r\nbody\r\n"

client = smtplib.LMTP("127.0.0.1", port, local_hostname="mx.test")
code, _ = client.ehlo("mx.test")
print("lhlo", code, "pipelining" in client.esmtp_features, client.esmtp_features.get("size"))
# One accepted, one refused at RCPT, one whose write fails.
client.mail("sender@x.test", ["size=%d" % len(raw)])
print("rcpt", client.rcpt("good@y.test")[0], client.rcpt("unknown@y.test")[0], client.rcpt("fails@y.test")[0])
client.putcmd("data")
print("data", client.getreply()[0])
client.send(smtplib._quote_periods(raw) + b".\r\n")
print("good", client.getreply()[0])
print("fails", client.getreply()[0])
# The same session goes on.
print("noop", client.noop()[0])
client.mail("", [])
client.rcpt("good@y.test")
client.putcmd("data")
client.getreply()
client.send(b"Subject: two\r\n\r\n" + b"x" * 70_000 + b"\r\n.\r\n")
print("second", client.getreply()[0])
client.close()

# Everything in one write, and a half-closed client.
with socket.create_connection(("127.0.0.1", port), timeout=10) as peer:
    peer.sendall(
        b"LHLO mx.test\r\nMAIL FROM:<p@x.test>\r\nRCPT TO:<good@y.test>\r\nRCPT TO:<good2@y.test>\r\nDATA\r\nSubject: three\r\n\r\n"
        b".\r\nQUIT\r\n"
    )
    answer = b""
    while piece := peer.recv(4096):
        answer += piece
    print("pipelined", ",".join(line[:3] for line in answer.decode().split("\r\n") if line and line[3] == " "))

# One that goes away in the middle of its message delivers nothing.
peer = socket.create_connection(("127.0.0.1", port), timeout=10)
peer.sendall(b"LHLO x\r\nMAIL FROM:<gone@x.test>\r\nRCPT TO:<good@y.test>\r\nDATA\r\nSubject: lost\r\n\r\nhalf")
peer.recv(4096)
peer.close()
print("done")
