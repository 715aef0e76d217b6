#!/usr/bin/env python3
"""Embeds ops/data/smtp-replies.tsv into Shared/HTTPClient/SMTP/SMTPReplyData.generated.swift as one raw string literal.

usage: embed_smtp_replies.py [--check]     --check exits 1 when the file is not current
"""
import pathlib
import sys

root = pathlib.Path(__file__).resolve().parents[2]
source = root / "ops/data/smtp-replies.tsv"
target = root / "Shared/HTTPClient/SMTP/SMTPReplyData.generated.swift"

text = source.read_text()
assert '"""##' not in text
generated = (
    "// Generated from ops/data/smtp-replies.tsv by ops/codegen/embed_smtp_replies.py; do not edit.\n\n"
    "enum SMTPReplyData {\n"
    '    static let table = ##"""\n'
    + "".join((("        " + line) if line else "") + "\n" for line in text.splitlines())
    + '        """##\n'
    "}\n"
)
if "--check" in sys.argv:
    if not target.exists() or target.read_text() != generated:
        sys.exit(f"{target.relative_to(root)} is not current: run ops/codegen/embed_smtp_replies.py")
else:
    target.write_text(generated)
