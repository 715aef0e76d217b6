#!/usr/bin/env python3
"""Embeds ops/data/keywords.tsv into Shared/Replies/KeywordData.generated.swift as one raw string literal.

usage: embed_keywords.py [--check]     --check exits 1 when the file is not current
"""
import pathlib
import sys

root = pathlib.Path(__file__).resolve().parents[2]
source = root / "ops/data/keywords.tsv"
target = root / "Shared/Replies/KeywordData.generated.swift"

text = source.read_text()
assert '"""##' not in text
generated = (
    "// Generated from ops/data/keywords.tsv by ops/codegen/embed_keywords.py; do not edit.\n\n"
    "enum KeywordData {\n"
    '    static let table = ##"""\n'
    + "".join((("        " + line) if line else "") + "\n" for line in text.splitlines())
    + '        """##\n'
    "}\n"
)
if "--check" in sys.argv:
    if not target.exists() or target.read_text() != generated:
        sys.exit(f"{target.relative_to(root)} is not current: run ops/codegen/embed_keywords.py")
else:
    target.write_text(generated)
