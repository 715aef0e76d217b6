#!/usr/bin/env python3
"""Amazon SES v2 and SNS as moto plays them, with its own check of SigV4 on.

usage: aws_mail_peer.py DIRECTORY

Listens on a free loopback port, prints "port N key ID SECRET topic ARN", and keeps two files in DIRECTORY: `sent`, one JSON line per
message that SES took (base64 of the raw message, tags are not kept by moto), and `notifications`, one line per body that SNS posted.
The identity shop@example.com is verified, nothing else is. Each line of JSON on /publish is published to the topic. Ends with its parent.
"""
import base64
import http.server
import json
import logging
import os
import pathlib
import sys
import threading
import time
import urllib.request

logging.getLogger("werkzeug").setLevel(logging.ERROR)

import boto3
from moto.server import ThreadedMotoServer

directory = pathlib.Path(sys.argv[1])


class Receiver(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path == "/publish":
            sns.publish(TopicArn=topic, Message=body.decode())
        else:
            with open(directory / "notifications", "ab") as notifications:
                notifications.write(base64.b64encode(body) + b"\n")
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_GET(self):
        from moto.ses.models import ses_backends

        sent = [
            {"source": message.source, "raw": base64.b64encode(
                message.raw_data if isinstance(message.raw_data, bytes) else message.raw_data.encode()).decode()}
            for message in ses_backends[account]["us-east-1"].sent_messages if hasattr(message, "raw_data")
        ]
        body = json.dumps(sent).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


account = "123456789012"
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
host, port = server.get_host_and_port()
url = f"http://127.0.0.1:{port}"
receiver = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
threading.Thread(target=receiver.serve_forever, daemon=True).start()


def client(service, key="testing", secret="testing"):
    return boto3.client(
        service, region_name="us-east-1", endpoint_url=url, aws_access_key_id=key, aws_secret_access_key=secret)


iam = client("iam")
iam.create_user(UserName="sender")
made = iam.create_access_key(UserName="sender")["AccessKey"]
everything = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
iam.put_user_policy(UserName="sender", PolicyName="all", PolicyDocument=json.dumps(everything))
key, secret = made["AccessKeyId"], made["SecretAccessKey"]
client("sesv2").create_email_identity(EmailIdentity="shop@example.com")
sns = client("sns", key, secret)
topic = sns.create_topic(Name="mail")["TopicArn"]
sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=f"http://127.0.0.1:{receiver.server_port}/notify")
# From here on signatures count.
request = urllib.request.Request(
    f"{url}/moto-api/reset-auth", data=b"0", headers={"Content-Type": "text/plain"}, method="POST")
urllib.request.urlopen(request).read()
print(f"port {port} own {receiver.server_port} key {key} {secret} topic {topic}", flush=True)
parent = os.getppid()
while os.getppid() == parent:
    time.sleep(0.5)
os._exit(0)
