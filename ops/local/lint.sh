#!/usr/bin/env bash
# Everything a reviewer should not have to look for: format, shell, generated files. Exits 1 on the first kind that fails,
# after showing all of its findings.
set -euo pipefail
cd "$(dirname "$0")/../.."

echo "format"
# Generated files are as their generator writes them.
git ls-files -z '*.swift' ':!*.generated.swift' | xargs -0 swift format lint --strict --parallel

if command -v shellcheck >/dev/null; then
    echo "shell"
    git ls-files -z '*.sh' .ci/run | xargs -0 shellcheck
fi

# Each generator says with --check whether what is checked in is what it would write. The one of the wire types reads
# botocore's model, which `make setup` installs.
python=python3
[ ! -x .venv/bin/python ] || python=.venv/bin/python
for generator in ops/codegen/*.py; do
    echo "$generator"
    "$python" "$generator" --check
done
echo "lint: no findings"
