#!/usr/bin/env python3
"""A Kannel gateway on loopback: bearerbox, smsbox, and behind them either Kannel's own fakesmsc or, over SMPP, smpp_smsc.py.

usage: kannel_peer.py DIRECTORY MESSAGES_URL fake|smpp [MESSAGE …]

MESSAGES_URL is the get-url for incoming messages. Each MESSAGE comes in once all is up: as fakesmsc takes them
("15550001 12345 text hello"), or for smpp "15550001 12345 hello". Prints "ready sendsms N", then one line "smsc …" for each text that
reached the carrier, as the carrier saw it. Ends with its parent, and takes its children along.
"""
import ctypes
import os
import pathlib
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request

directory = pathlib.Path(sys.argv[1])
messages_url, kind = sys.argv[2:4]
incoming = sys.argv[4:]
parent = os.getppid()
children = []


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


admin, boxes, carrier, sendsms = (free_port() for _ in range(4))

SMSC = {
    "fake": f"smsc = fake\nport = {carrier}\nconnect-allow-ip = 127.0.0.1\n",
    "smpp": f"""smsc = smpp
host = 127.0.0.1
port = {carrier}
transceiver-mode = true
system-type = "test"
smsc-username = "pin"
smsc-password = "sesame"
source-addr-autodetect = true
reconnect-delay = 1
""",
}

(directory / "kannel.conf").write_text(f"""group = core
admin-port = {admin}
admin-interface = 127.0.0.1
admin-password = admin
status-password = status
smsbox-port = {boxes}
smsbox-interface = 127.0.0.1
box-allow-ip = 127.0.0.1
dlr-storage = internal
sms-resend-freq = 1
sms-resend-retry = 1

group = smsc
smsc-id = CARRIER
{SMSC[kind]}
group = smsbox
bearerbox-host = 127.0.0.1
bearerbox-port = {boxes}
sendsms-port = {sendsms}
sendsms-interface = 127.0.0.1
global-sender = 12345
http-request-retry = 2
http-queue-delay = 1

group = sendsms-user
username = pin
password = sesame
concatenation = true
max-messages = 11

group = sms-service
keyword = default
catch-all = true
max-messages = 0
get-url = "{messages_url}"
""")


def end_with_us():
    """SIGKILL of this process, which it cannot answer, must not leave a gateway behind (prctl(2): PR_SET_PDEATHSIG is 1)."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


def start(name, *command, **options):
    log = open(directory / f"{name}.log", "wb")
    child = subprocess.Popen(command, preexec_fn=end_with_us, **{"stdout": log, "stderr": log, **options})
    children.append(child)
    return child


def stop(*_):
    for child in reversed(children):
        child.kill()
    for child in children:
        child.wait()
    os._exit(0)


def wait_for(port, seconds=20):
    deadline = time.monotonic() + seconds
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            if time.monotonic() > deadline:
                sys.exit(f"nobody listens on {port}")
            time.sleep(0.05)


def status():
    with urllib.request.urlopen(f"http://127.0.0.1:{admin}/status.txt?password=status", timeout=5) as answer:
        return answer.read().decode()


def wait_for_status(*words, seconds=20):
    deadline = time.monotonic() + seconds
    while not all(word in status() for word in words):
        if time.monotonic() > deadline:
            sys.exit(f"not {words}: {status()}")
        time.sleep(0.1)


def relay(stream):
    for line in stream:
        text = line.decode("utf-8", "backslashreplace").rstrip("\n")
        if kind == "smpp":
            print("smsc", text, flush=True)
        elif "Got message" in text:
            print("smsc", text.split(": <", 1)[1].removesuffix(">"), flush=True)


signal.signal(signal.SIGTERM, stop)
here = pathlib.Path(__file__).parent
if kind == "smpp":
    smsc = start("smsc", sys.executable, here / "smpp_smsc.py", str(carrier), *incoming, stdout=subprocess.PIPE)
    wait_for(carrier)
start("bearerbox", "/usr/sbin/bearerbox", "-v", "0", directory / "kannel.conf")
wait_for(admin)
start("smsbox", "/usr/sbin/smsbox", "-v", "0", directory / "kannel.conf")
wait_for(sendsms)
if kind == "fake":
    # Without arguments it reads messages from its input. What it got is in its log.
    smsc = start("smsc", "/usr/lib/kannel/test/fakesmsc", "-H", "127.0.0.1", "-r", str(carrier), stdin=subprocess.PIPE,
                 stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
threading.Thread(target=relay, args=(smsc.stdout,), daemon=True).start()
wait_for_status("(online", "smsbox")
print("ready sendsms", sendsms, flush=True)
if kind == "fake":
    for line in incoming:
        smsc.stdin.write(line.encode() + b"\n")
        smsc.stdin.flush()
        # It takes one line a second, and forgets what came with another in one read.
        time.sleep(1.5)
while os.getppid() == parent:
    time.sleep(0.5)
stop()
