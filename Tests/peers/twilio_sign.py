#!/usr/bin/env python3
"""Calls as Twilio makes them, signed by Twilio's own RequestValidator: one JSON object per line, with `right` for those that must be
believed.

usage: twilio_sign.py TOKEN URL
"""
import json
import sys
import urllib.parse

from twilio.request_validator import RequestValidator

token, url = sys.argv[1:3]
FORM = "application/x-www-form-urlencoded"


class Fields(dict):
    """Name → values, as web frameworks have them."""

    def getlist(self, name):
        return self[name]


def say(what, right, method="POST", url=url, fields=None, body="", type=FORM, by=token, algorithm=None, tamper=None):
    fields = Fields({name: [value] if isinstance(value, str) else value for name, value in (fields or {}).items()})
    if fields:
        body = urllib.parse.urlencode(fields, doseq=True)
    signature = RequestValidator(by).compute_signature(url, fields, algorithm)
    settings = f"key=webhooks_sharedkey_1,algorithm={algorithm}" if algorithm else None
    call = {"what": what, "right": right, "method": method, "url": url, "body": body, "type": type,
            "signature": signature, "settings": settings}
    call.update(tamper or {})
    print(json.dumps(call, ensure_ascii=False), flush=True)


status = {"MessageSid": "SM1", "MessageStatus": "delivered", "To": "+14155550100", "From": "+15005550006"}
say("a status callback", True, fields=status)
say("a text with everything in it", True, fields=status | {"Body": "å 日本 😀 & = + % \r\n\t'\""})
say("empty values", True, fields=status | {"Body": "", "ErrorMessage": ""})
say("names that sort bytewise", True, fields={"a": "1", "B": "2", "ä": "3", "_": "4", "A0": "5", "A": "6"})
say("repeated names", True, fields=status | {"Digits": ["5678", "1234", "1234"]})
say("a port of its own", True, url=url.replace(".com", ".com:8443"), fields=status)
say("GET", True, method="GET", url=url + "&MessageSid=SM1&Body=%20x", type=None)
body = json.dumps({"property": "värde"}, ensure_ascii=False)
signed = f"{url}&bodySHA256={RequestValidator(token).compute_hash(body)}"
say("JSON", True, url=signed, body=body, type="application/json")
say("SHA-256", True, fields=status, algorithm="HMAC_SHA256")
say("signed with the port, called without", True, fields=status, url=url.replace(".com", ".com:443"), tamper={"url": url})
say("another token", False, fields=status, by="54321")
say("another token, SHA-256", False, fields=status, by="54321", algorithm="HMAC_SHA256")
say("a field added", False, fields=status, tamper={"body": urllib.parse.urlencode(status | {"X": "1"})})
say("a value changed", False, fields=status, tamper={"body": urllib.parse.urlencode(status | {"To": "+1"})})
say("another query", False, fields=status, tamper={"url": url + "1"})
say("another JSON", False, url=signed, body=body, type="application/json", tamper={"body": body + " "})
