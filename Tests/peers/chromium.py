"""Drives Chromium by the DevTools protocol over its pipe (descriptors 3 and 4): no WebSocket, nothing beyond the standard library."""

import contextlib
import fcntl
import json
import os
import queue
import shutil
import subprocess
import tempfile
import threading
import time

FLAGS = [
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-extensions",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--mute-audio",
    "--remote-debugging-pipe", "--window-size=1000,800",
]


def high(descriptor):
    """The same pipe end on a number above those that the shell gives to Chromium."""
    moved = fcntl.fcntl(descriptor, fcntl.F_DUPFD, 20)
    os.close(descriptor)
    return moved


class Chromium:
    def __init__(self):
        self.profile = tempfile.mkdtemp(prefix="needletail-chromium.")
        (theirs_in, ours_out), (ours_in, theirs_out) = os.pipe(), os.pipe()
        theirs_in, theirs_out = high(theirs_in), high(theirs_out)
        command = ["chromium", *FLAGS, f"--user-data-dir={self.profile}", "about:blank"]
        self.process = subprocess.Popen(
            ["bash", "-c", f'exec "$@" 3<&{theirs_in} 4>&{theirs_out}', "_", *command],
            pass_fds=(theirs_in, theirs_out), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, start_new_session=True,
        )
        os.close(theirs_in)
        os.close(theirs_out)
        self.output, self.input = os.fdopen(ours_out, "wb", 0), os.fdopen(ours_in, "rb")
        self.last, self.waiting, self.pages = 0, {}, {}
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        rest = b""
        while chunk := self.input.read1(1 << 16):
            *messages, rest = (rest + chunk).split(b"\0")
            for message in map(json.loads, messages):
                if "id" in message:
                    self.waiting[message["id"]].put(message)
                elif message.get("sessionId") in self.pages:
                    self.pages[message["sessionId"]].happened(message["method"], message["params"])

    def send(self, method, session=None, within=30, **parameters):
        self.last += 1
        message = {"id": self.last, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        answers = self.waiting[self.last] = queue.Queue()
        self.output.write(json.dumps(message).encode() + b"\0")
        answer = answers.get(timeout=within)
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']}")
        return answer["result"]

    def open(self):
        return Page(self)

    def close(self):
        with contextlib.suppress(Exception):
            self.send("Browser.close", within=10)
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.profile, ignore_errors=True)


class Page:
    """One tab."""

    def __init__(self, browser):
        self.browser = browser
        self.target = browser.send("Target.createTarget", url="about:blank")["targetId"]
        self.session = browser.send("Target.attachToTarget", targetId=self.target, flatten=True)["sessionId"]
        # What the page logged, and the requests it made: (method, url, type of body, status).
        self.log, self.requests, self.open_requests = [], [], {}
        browser.pages[self.session] = self
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.send(f"{domain}.enable")

    def send(self, method, **parameters):
        return self.browser.send(method, self.session, **parameters)

    def happened(self, method, event):
        if method == "Log.entryAdded":
            entry = event["entry"]
            self.log.append(f"{entry['level']}: {entry['text']} {entry.get('url', '')}")
        elif method == "Runtime.consoleAPICalled":
            self.log.append(f"{event['type']}: {[value.get('value') for value in event['args']]}")
        elif method == "Runtime.exceptionThrown":
            self.log.append(f"exception: {event['exceptionDetails']}")
        elif method == "Network.requestWillBeSent":
            request = {"method": event["request"]["method"], "url": event["request"]["url"], "type": event["type"]}
            self.open_requests[event["requestId"]] = request
            self.requests.append(request)
        elif method == "Network.responseReceived" and event["requestId"] in self.open_requests:
            self.open_requests[event["requestId"]]["status"] = event["response"]["status"]

    def run(self, script):
        """The value of an expression; promises are waited for."""
        answer = self.send("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(answer["exceptionDetails"])
        return answer["result"].get("value")

    def go(self, url):
        self.send("Page.navigate", url=url)
        self.until(f"document.readyState === 'complete' && location.href === new URL({json.dumps(url)}).href")

    def until(self, condition, seconds=20):
        deadline = time.monotonic() + seconds
        while True:
            with contextlib.suppress(RuntimeError):
                if self.run(condition):
                    return
            if time.monotonic() > deadline:
                raise RuntimeError(f"not within {seconds} s: {condition}; the page logged {self.log}")
            time.sleep(0.05)

    def offline(self, is_offline):
        self.send("Network.emulateNetworkConditions", offline=is_offline, latency=0, downloadThroughput=-1, uploadThroughput=-1)

    def front(self):
        self.send("Page.bringToFront")

    def close(self):
        """As the person closes the tab: with the page's last events."""
        self.send("Page.close")
