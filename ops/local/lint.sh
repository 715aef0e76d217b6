#!/usr/bin/env bash
# Everything a reviewer should not have to look for: format, shell, generated files. Exits 1 on the first kind that fails,
# after showing all of its findings.
set -euo pipefail
cd "$(dirname "$0")/../.."

echo "format"
git ls-files -z '*.swift' | xargs -0 swift format lint --strict --parallel

if command -v shellcheck >/dev/null; then
    echo "shell"
    git ls-files -z '*.sh' .ci/run | xargs -0 shellcheck
fi

# Each generator has a check of its own: it writes to a temporary folder and compares.
for check in ops/codegen/check*.sh ops/local/check-*.sh; do
    [ -x "$check" ] || continue
    echo "$check"
    "$check"
done
echo "lint: no findings"
