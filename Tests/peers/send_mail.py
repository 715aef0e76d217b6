"""Hands one message to an SMTP server.

usage: send_mail.py PORT MAIL_FROM RCPT_TO MESSAGE [--dsn]     MAIL_FROM may be empty; \\n in MESSAGE is a line end
"""
import smtplib
import sys

port, sender, recipient, message = int(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4]
options = ["NOTIFY=FAILURE,DELAY"] if "--dsn" in sys.argv else []
with smtplib.SMTP("127.0.0.1", port, local_hostname="client.test", timeout=20) as client:
    client.sendmail(sender, [recipient], message.encode().replace(b"\\n", b"\r\n"), rcpt_options=options)
print("sent")
