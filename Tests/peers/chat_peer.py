#!/usr/bin/env python3
"""A chat endpoint as OpenAI's API reference has it (POST /v1/chat/completions), whose behaviour is the model's name.

usage: chat_peer.py DIRECTORY

Listens on a free loopback port, prints "port N", and appends one JSON line per request to DIRECTORY/calls: path, authorization, body.
Models: echo (says the last message back), handover, error (500), garbage (no JSON), empty, template (Handlebars), long, slow (5 s).
"""
import http.server
import json
import pathlib
import sys
import time

calls = open(pathlib.Path(sys.argv[1]) / "calls", "a", buffering=1)
texts = {
    "handover": "I am not sure. [[HANDOVER]]",
    "empty": " \n",
    "template": "{{User.UserId}} {{#each Attributes}}x{{/each}}\u0007",
    "long": "word " * 1000,
}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        calls.write(json.dumps(
            {"path": self.path, "authorization": self.headers.get("Authorization"), "body": body}) + "\n")
        model = body["model"]
        if model == "slow":
            time.sleep(5)
        text = texts.get(model, "You said: " + body["messages"][-1]["content"])
        answer = json.dumps({
            "id": "c1", "object": "chat.completion", "model": model,
            "choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 40, "completion_tokens": 10, "total_tokens": 50},
        }).encode()
        if model == "garbage":
            answer = b"<html>"
        self.send_response(500 if model == "error" else 200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *arguments):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print("port", server.server_port, flush=True)
server.serve_forever()
