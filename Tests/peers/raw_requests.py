"""HTTP/1.1 over one kept connection, byte for byte as given: a client library would refuse to send most of what is sent here.

`through` is a Unix socket's path or (host, port). Bodies of answers are read by Content-Length, as our processes and the
gateway write them.
"""

import json
import socket


class RawAnswer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def message(self):
        """The message of an error; "" when there is none."""
        try:
            return self.json.get("Message", "")
        except (ValueError, AttributeError):
            return ""


class RawConnection:
    def __init__(self, through, token):
        self.through, self.token = through, token
        self.socket = None
        # Answers after which the server closed.
        self.closed = 0

    def send(self, method, target, body=b"", headers=()):
        """`target` is bytes. Raises OSError when no whole answer comes."""
        if isinstance(target, str):
            target = target.encode()
        head = [
            method.encode() + b" " + target + b" HTTP/1.1",
            b"Host: raw.test",
            b"Authorization: Bearer " + self.token.encode(),
        ]
        head += [f"{name}: {value}".encode() for name, value in headers]
        if body or method in ("PUT", "POST"):
            head += [b"Content-Type: application/json", b"Content-Length: %d" % len(body)]
        request = b"\r\n".join(head) + b"\r\n\r\n" + body
        is_fresh = self.socket is None
        if is_fresh:
            self._connect()
        try:
            return self._exchange(request, method == "HEAD")
        except OSError:
            self.close()
            if is_fresh:
                raise
        # The server may close an idle connection at any time; a fresh one must do.
        self._connect()
        return self._exchange(request, method == "HEAD")

    def _connect(self):
        family = socket.AF_UNIX if isinstance(self.through, str) else socket.AF_INET
        self.socket = socket.socket(family)
        self.socket.settimeout(60)
        self.socket.connect(self.through)
        self.rest = b""

    def close(self):
        if self.socket:
            self.socket.close()
        self.socket = None

    def _exchange(self, request, has_no_body):
        try:
            self.socket.sendall(request)
        except OSError:
            # A refusal may come before the body was taken; it is there to be read.
            pass
        head = self._head()
        while head.startswith(b"HTTP/1.1 1"):
            head = self._head()
        lines = head.decode("latin-1").split("\r\n")
        headers = {}
        for line in lines[1:]:
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        length = 0 if has_no_body else int(headers.get("content-length", 0))
        while len(self.rest) < length:
            self._more()
        body, self.rest = self.rest[:length], self.rest[length:]
        if headers.get("connection", "").lower() == "close":
            self.closed += 1
            self.close()
        return RawAnswer(int(lines[0].split(" ")[1]), headers, body)

    def _head(self):
        while (end := self.rest.find(b"\r\n\r\n")) < 0:
            self._more()
        head, self.rest = self.rest[:end], self.rest[end + 4 :]
        return head

    def _more(self):
        part = self.socket.recv(1 << 16)
        if not part:
            raise ConnectionResetError("closed without a whole answer")
        self.rest += part
