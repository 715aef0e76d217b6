"""What clients send by mistake or on purpose: texts, JSON that no library would write, ids in paths, values of a wrong type."""

import json


class Raw(str):
    """Stands in a JSON body as it is, without quotes and escapes. Bytes are those of latin-1."""


def written(value):
    """JSON as bytes, with what is `Raw` in it as it is. Objects are dictionaries or lists of pairs (which may repeat a name)."""
    if isinstance(value, Raw):
        return value.encode("latin-1")
    if isinstance(value, dict):
        value = Pairs(value.items())
    if isinstance(value, Pairs):
        return b"{" + b",".join(written(str_key(key)) + b":" + written(item) for key, item in value) + b"}"
    if isinstance(value, (list, tuple)):
        return b"[" + b",".join(written(item) for item in value) + b"]"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")
    return json.dumps(value).encode()


def str_key(key):
    return key if isinstance(key, str) else str(key)


class Pairs(list):
    """An object as a list of (name, value)."""


# Texts that are sound Unicode: each is kept byte for byte, or refused with 400.
TEXTS = [
    "",
    " ",
    "\t\n\r",
    "null",
    "undefined",
    "NaN",
    "true",
    "0",
    "-1",
    "1e400",
    "1/0",
    "../../etc/passwd",
    "..",
    ".",
    "a/b",
    "a%2Fb",
    "%00",
    "a\\b",
    "'",
    "''",
    '"',
    "`",
    "'; DROP TABLE endpoints; --",
    "' OR '1'='1",
    "1; SELECT pg_sleep(10)--",
    "$1",
    "$$",
    "{{Id}}",
    "{{#each x}}",
    "${jndi:ldap://x}",
    "%s%n%x",
    "<script>alert(1)</script>",
    "=1+1",
    "a.b",
    "a.b[0]",
    "$.*",
    "@.x ? (1 == 1)",
    "?",
    "?|",
    "caf\u00e9",
    "cafe\u0301",
    "a\u0301\u0323",
    "\u2126",
    "\u00df",
    "\u0130",
    "\u0131",
    "\ufb03",
    "\u200b",
    "\u200d",
    "\u202e\u202dreversed",
    "\u2066",
    "\ufeff",
    "\ufffd",
    "\ufffe",
    "\uffff",
    "\u0085",
    "\u2028\u2029",
    "\u007f",
    "\u0001",
    "\u001f",
    "\U0001f468\u200d\U0001f469\u200d\U0001f467",
    "\U0001f1f8\U0001f1ea",
    "\U000e0041",
    "\U0010ffff",
    "\u0c1c\u0c4d\u0c1e\u200c\u0c3e",
    "\u0645\u0631\u062d\u0628\u0627",
    "Z\u0351\u036b\u0343\u036aa\u0328l\u034a\u0367g\u0342o",
    "x" * 50,
    "\u4e16" * 50,
    "\U0001f600" * 25,
]

# JSON strings that no answer may keep: 400, whatever the member.
BROKEN_STRINGS = [
    Raw('"\\u0000"'),
    Raw('"a\\u0000b"'),
    Raw('"\x00"'),
    Raw('"\x1f"'),
    Raw('"\n"'),
    Raw('"\\ud800"'),
    Raw('"\\udc00\\ud800"'),
    Raw('"\\ud800\\u0041"'),
    Raw('"\xff"'),
    Raw('"\xc0\xaf"'),
    Raw('"\xed\xa0\x80"'),
    Raw('"\xf4\x90\x80\x80"'),
    Raw('"\xe2\x82"'),
    Raw('"\\x41"'),
    Raw('"\\u12"'),
    Raw('"open'),
]

# Numbers outside JSON's grammar or outside what a double holds: 400, whatever the member.
BROKEN_NUMBERS = [Raw(text) for text in "NaN Infinity -Infinity 1e400 -1e400 1e-400 01 +1 1. .5 1e 0x10 1_000 --1".split()]
BROKEN_NUMBERS += [Raw("9" * 400), Raw("0." + "0" * 500 + "1")]
# These are numbers, if unusual ones.
NUMBERS = [Raw(text) for text in "-0 -0.0 0e0 0e-400 1E+2 1.7976931348623157e308 5e-324 9007199254740993".split()]
NUMBERS += [Raw("9" * 300), Raw("0." + "0" * 500), Raw("1" + "0" * 60)]

# What stands for something of another kind, by the kind that is wanted.
WRONG = {
    "string": [True, 7, 1.5, [], {}, ["x"]],
    "boolean": [0, 1, "true", [], {}],
    "integer": [True, "7", 1.5, [], {}, 2**31, -(2**31) - 1, 2**63, Raw("9" * 300), Raw("1e2")],
    "double": [True, "1.5", [], {}],
    "structure": [True, 7, "x", [], [{}]],
    "map": [True, 7, "x", [], [{}]],
    "list": [True, 7, "x", {}],
}

# Path segments that do not decode to text we can keep: 400 or 404, from the gateway or the process.
BROKEN_SEGMENTS = ["%00", "a%00b", "%FF", "%C0%AF", "%ED%A0%80", "%F4%90%80%80", "%E2%82", "%", "%2", "%zz", "%u0041"]


def deep(depth, inner=b"", opening=b"[", closing=b"]"):
    return opening * depth + inner + closing * depth
