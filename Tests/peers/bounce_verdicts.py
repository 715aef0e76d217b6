"""What flufl.bounce, which Mailman's author wrote, says about bounces.

usage: bounce_verdicts.py          its own corpus of real bounces, one JSON object per line
       bounce_verdicts.py FILE     one message
Members: name, permanent, temporary (addresses), raw (base64).
"""
import base64
import email
import json
import pathlib
import sys
import warnings

# Of the namespace package's old way to say that it is one.
warnings.simplefilter("ignore")
import flufl.bounce  # noqa: E402


def verdict(name, raw):
    temporary, permanent = flufl.bounce.all_failures(email.message_from_bytes(raw))
    print(
        json.dumps(
            {
                "name": name,
                "permanent": sorted(address.decode("ascii", "replace") for address in permanent),
                "temporary": sorted(address.decode("ascii", "replace") for address in temporary),
                "raw": base64.b64encode(raw).decode(),
            }
        ),
        flush=True,
    )


if len(sys.argv) > 1:
    verdict(sys.argv[1], pathlib.Path(sys.argv[1]).read_bytes())
else:
    for path in sorted((pathlib.Path(flufl.bounce.__file__).parent / "tests/data").glob("*.txt")):
        verdict(path.stem, path.read_bytes())
print("done")
