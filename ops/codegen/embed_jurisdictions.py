#!/usr/bin/env python3
"""Embeds the jurisdiction tables of ops/data into Shared/Jurisdictions/JurisdictionData.generated.swift.

The version is the date that quiet-hours.tsv names and a digest over all tables, so that a changed row never passes as the
set that was in force before.

usage: embed_jurisdictions.py [--check]     --check exits 1 when the file is not current
"""
import hashlib
import pathlib
import re
import sys

root = pathlib.Path(__file__).resolve().parents[2]
target = root / "Shared/Jurisdictions/JurisdictionData.generated.swift"
tables = {
    "places": "places.tsv",
    "quietHours": "quiet-hours.tsv",
    "labels": "labels.tsv",
    "senderLines": "sender-lines.tsv",
    "senderTexts": "sender-texts.tsv",
}

texts = {name: (root / "ops/data" / file).read_text() for name, file in tables.items()}
assert not any('"""##' in text for text in texts.values())
date = re.search(r"^# version: (\d{4}-\d{2}-\d{2})$", texts["quietHours"], re.M)
if not date:
    sys.exit("ops/data/quiet-hours.tsv has no line '# version: YYYY-MM-DD'")
digest = hashlib.sha256("\0".join(texts.values()).encode()).hexdigest()[:12]


def literal(text):
    return '##"""\n' + "".join((("        " + line) if line else "") + "\n" for line in text.splitlines()) + '        """##\n'


generated = (
    "// Generated from ops/data by ops/codegen/embed_jurisdictions.py; do not edit.\n\n"
    "enum JurisdictionData {\n"
    f'    static let version = "{date.group(1)}-{digest}"\n'
    + "".join(f"\n    static let {name} = {literal(text)}" for name, text in texts.items())
    + "}\n"
)
if "--check" in sys.argv:
    if not target.exists() or target.read_text() != generated:
        sys.exit(f"{target.relative_to(root)} is not current: run ops/codegen/embed_jurisdictions.py")
else:
    target.write_text(generated)
