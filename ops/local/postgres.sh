#!/usr/bin/env bash
# A private Postgres cluster for tests: fast, forgetful (fsync off), on a free port of 127.0.0.1, gone afterwards.
#   ops/local/postgres.sh start DIR   creates it in DIR and prints its URL
#   ops/local/postgres.sh stop DIR    stops it and removes DIR
set -euo pipefail

usage() { echo "usage: $0 start|stop DIR" >&2; exit 64; }
[ $# = 2 ] || usage
action=$1
directory=$2

# The newest installed server from version 15 on.
find_binaries() {
    local candidate
    while read -r candidate; do
        [ -x "$candidate/initdb" ] && { echo "$candidate"; return; }
    done < <(printf '%s\n' /usr/lib/postgresql/*/bin | sort -rV)
    echo "no Postgres server in /usr/lib/postgresql: run 'make setup'" >&2
    exit 1
}

# Postgres refuses to run as root.
as_owner() {
    if [ "$(id -u)" = 0 ]; then
        setpriv --reuid=postgres --regid=postgres --init-groups env HOME=/tmp "$@"
    else
        "$@"
    fi
}

start() {
    local password port attempt
    mkdir -p "$directory"
    # A password, because another user of this machine could otherwise be superuser of the cluster and so run programs as us;
    # md5, because the tests open thousands of connections and scram costs milliseconds on each.
    password=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
    printf '%s\n' "$password" >"$directory/password"
    [ "$(id -u)" != 0 ] || chown -R postgres: "$directory"
    (
        cd "$directory"
        as_owner "$binaries/initdb" -D "$directory/data" -U needletail --auth=md5 --pwfile="$directory/password" \
            -E UTF8 --locale=C --no-sync >"$directory/initdb.log" 2>&1
    ) || { cat "$directory/initdb.log" >&2; exit 1; }
    cat >>"$directory/data/postgresql.conf" <<'SETTINGS'
password_encryption = md5
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
max_connections = 200
fsync = off
full_page_writes = off
synchronous_commit = off
autovacuum_naptime = 10s
shared_buffers = 256MB
max_wal_size = 2GB
jit = off
timezone = 'UTC'
shared_preload_libraries = 'pg_stat_statements'
SETTINGS
    for attempt in 1 2 3 4 5 6 7 8 9 10; do
        port=$((20000 + RANDOM % 12000))
        if (
            cd "$directory"
            as_owner "$binaries/pg_ctl" -D "$directory/data" -l "$directory/log" -o "-p $port" -w -t 60 start \
                >"$directory/pg_ctl.log" 2>&1 </dev/null
        ); then
            echo "postgresql://needletail:$password@127.0.0.1:$port/postgres"
            return
        fi
        grep -q 'Address already in use' "$directory/log" || break
    done
    echo "the test cluster did not start after $attempt attempts:" >&2
    tail -n 20 "$directory/log" >&2
    exit 1
}

stop() {
    if [ -e "$directory/data/postmaster.pid" ]; then
        (cd "$directory" && as_owner "$binaries/pg_ctl" -D "$directory/data" -m immediate -w stop >/dev/null 2>&1) || true
    fi
    rm -rf -- "$directory"
}

binaries=$(find_binaries)
case $action in
    start) start ;;
    stop) stop ;;
    *) usage ;;
esac
