#!/usr/bin/env bash
# Kills workers during a campaign and checks every promise. Arguments go to chaos.py, for example: --kills 10 --seed 7
# With `keys` first: the same with a webhook that takes no id twice, where nothing may be unknown. The rest goes to keys.py.
# With `ingest` first: kills ingest-api under load. The rest goes to ingest.py, for example: ingest --seconds 600 --kills 1000
# The programs are those of the release build, else of the debug build, unless --binaries names their folder.
set -euo pipefail
cd "$(dirname "$0")/../.."

binaries=.build-release/release
[ -x "$binaries/needletail" ] || binaries=.build/debug
if [ -x .venv/bin/python3 ]; then export PATH="$PWD/.venv/bin:$PATH"; fi
driver=chaos.py
case "${1:-}" in ingest | keys) driver=$1.py && shift ;; esac
exec python3 -B "ops/chaos/$driver" --binaries "$binaries" "$@"
