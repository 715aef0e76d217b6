#!/usr/bin/env bash
# Runs the benchmarks on a suite of their own: a fresh home, a free port, mail into an smtp-sink. Everything it starts is gone
# afterwards. Build first (make bench does).
#   usage: ops/bench/run.sh BUILD_FOLDER [idle|json|columns|queue|fanout|ingest|email|push|render|pickup|event|pipeline|segments|memory ...]
set -euo pipefail
cd "$(dirname "$0")/../.."

build=$1
shift
# Short and open to Postgres's user, as a socket's name and root's needs want it.
home=$(mktemp -d /tmp/needletail-bench.XXXXXX)
sink=
h2=
cleanup() {
    "$build/needletail" down >/dev/null 2>&1 || true
    [ -z "$sink" ] || kill "$sink" 2>/dev/null || true
    [ -z "$h2" ] || kill "$h2" 2>/dev/null || true
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

# What APNs is for the benchmark: answers every POST with 200.
mkdir "$home/h2"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost \
    -addext subjectAltName=DNS:localhost,IP:127.0.0.1 -keyout "$home/h2/key.pem" -out "$home/h2/ca.pem" 2>/dev/null
h2_port=$(free_port)
/usr/sbin/nghttpd -a 127.0.0.1 --echo-upload "$h2_port" "$home/h2/key.pem" "$home/h2/ca.pem" >/dev/null 2>&1 &
h2=$!
export BENCH_H2_PORT=$h2_port BENCH_H2_PID=$h2 BENCH_H2_CA=$home/h2/ca.pem BENCH_H2_FOLDER=$home/h2

export NEEDLETAIL_HOME=$home
NEEDLETAIL_PORT=$(free_port)
export NEEDLETAIL_PORT NEEDLETAIL_SMTP_URL="smtp://127.0.0.1:$sink_port"
"$build/needletail" up >&2
# shellcheck source=/dev/null
. "$home/env"
python=$PWD/.venv/bin/python
[ -x "$python" ] || python=python3
export NEEDLETAIL_LOG_LEVEL=error BENCH_PYTHON=$python BENCH_FOLDER=$PWD/ops/bench BENCH_SINK_PORT=$sink_port BENCH_SINK_PID=$sink
"$build/bench" "$@"
