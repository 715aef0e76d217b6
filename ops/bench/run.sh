#!/usr/bin/env bash
# Runs the benchmarks on a suite of their own: a fresh home, a free port, mail into an smtp-sink. Everything it starts is gone
# afterwards. Build first (make bench does).
#   usage: ops/bench/run.sh BUILD_FOLDER [idle|json|columns|queue|fanout|ingest|email|render|pickup|event|pipeline|segments|memory ...]
set -euo pipefail
cd "$(dirname "$0")/../.."

build=$1
shift
# Short and open to Postgres's user, as a socket's name and root's needs want it.
home=$(mktemp -d /tmp/needletail-bench.XXXXXX)
sink=
cleanup() {
    "$build/needletail" down >/dev/null 2>&1 || true
    [ -z "$sink" ] || kill "$sink" 2>/dev/null || true
    rm -rf -- "$home"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

free_port() { python3 -I -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

sink_port=$(free_port)
user=()
[ "$(id -u)" != 0 ] || user=(-u nobody)
/usr/sbin/smtp-sink "${user[@]}" "127.0.0.1:$sink_port" 1000 >/dev/null 2>&1 &
sink=$!

export NEEDLETAIL_HOME=$home
NEEDLETAIL_PORT=$(free_port)
# An app's own SMTP server may be on this machine (E2).
export NEEDLETAIL_PORT NEEDLETAIL_SMTP_URL="smtp://127.0.0.1:$sink_port" NEEDLETAIL_OUTBOUND_ALLOW=127.0.0.1/32
"$build/needletail" up >&2
# shellcheck source=/dev/null
. "$home/env"
python=$PWD/.venv/bin/python
[ -x "$python" ] || python=python3
export NEEDLETAIL_LOG_LEVEL=error BENCH_PYTHON=$python BENCH_FOLDER=$PWD/ops/bench BENCH_SINK_PORT=$sink_port BENCH_SINK_PID=$sink
"$build/bench" "$@"
