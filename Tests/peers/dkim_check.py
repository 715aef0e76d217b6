#!/usr/bin/env python3
"""Verifies the DKIM signatures of messages with dkimpy.

usage: dkim_check.py FILE

FILE holds one JSON object per line: "raw" (the message in base64) and "records" (name → TXT record, in place of DNS). Prints a JSON list
per line: for each signature, from the top, whether it holds, or "error: …". With "extra", a header line, put before the message first.
"""
import base64
import json
import sys

import dkim

for line in open(sys.argv[1]):
    job = json.loads(line)
    raw = job.get("extra", "").encode() + base64.b64decode(job["raw"])

    def record(name, timeout=5):
        name = name.decode() if isinstance(name, bytes) else name
        text = job["records"].get(name.rstrip("."))
        return text.encode() if text else None

    message = dkim.DKIM(raw)
    count = sum(1 for name, _ in message.headers if name.lower() == b"dkim-signature")
    results = []
    for place in range(count):
        try:
            results.append(bool(dkim.DKIM(raw).verify(idx=place, dnsfunc=record)))
        except dkim.DKIMException as error:
            results.append(f"error: {error}")
    print(json.dumps(results), flush=True)
