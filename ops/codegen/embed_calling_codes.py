#!/usr/bin/env python3
"""Embeds ops/data/calling-codes.tsv and sms-prices.tsv into Shared/Delivery/SMS/CallingCodeData.generated.swift.

usage: embed_calling_codes.py [--check]     --check exits 1 when the file is not current
"""
import pathlib
import sys

root = pathlib.Path(__file__).resolve().parents[2]
target = root / "Shared/Delivery/SMS/CallingCodeData.generated.swift"
tables = {"countries": "calling-codes.tsv", "prices": "sms-prices.tsv"}
texts = {name: (root / "ops/data" / file).read_text() for name, file in tables.items()}
assert not any('"""##' in text for text in texts.values())


def literal(text):
    return '##"""\n' + "".join((("        " + line) if line else "") + "\n" for line in text.splitlines()) + '        """##\n'


generated = (
    "// Generated from ops/data by ops/codegen/embed_calling_codes.py; do not edit.\n\n"
    "enum CallingCodeData {\n"
    + "\n".join(f"    static let {name} = {literal(text)}" for name, text in texts.items())
    + "}\n"
)
if "--check" in sys.argv:
    if not target.exists() or target.read_text() != generated:
        sys.exit(f"{target.relative_to(root)} is not current: run ops/codegen/embed_calling_codes.py")
else:
    target.write_text(generated)
