#!/usr/bin/env bash
# Builds everything for debugging and runs every test on a private Postgres that is gone afterwards.
# Arguments go to `swift test`, for example: ops/local/test.sh --filter CoreTests
set -euo pipefail
cd "$(dirname "$0")/../.."

jobs=${JOBS:-2}
# Everything is built before the first test, executables too: scenario tests start the real ones. Same flags as the run
# below, so that nothing is compiled twice.
swift build --build-tests -j "$jobs"

cluster=$(mktemp -d /tmp/needletail-test.XXXXXX)
trap 'ops/local/postgres.sh stop "$cluster"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
NEEDLETAIL_TEST_DATABASE_URL=$(ops/local/postgres.sh start "$cluster")
export NEEDLETAIL_TEST_DATABASE_URL

# `python3`, `aws` and the SMTP tools are found the same way on every machine.
export PATH="$PWD/.venv/bin:$PATH:/usr/sbin"
swift test --skip-build --disable-xctest -j "$jobs" "$@"
