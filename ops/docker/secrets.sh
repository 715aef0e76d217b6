#!/usr/bin/env bash
# Makes the keys and passwords that docker-compose.yml mounts, in ops/docker/secrets/. What exists is kept, so that running
# it again is safe. Keep a copy of the folder, apart from the database's backups: without `master_key` the sealed values in
# the database cannot be read.
set -euo pipefail
umask 077
cd "$(dirname "$0")/../.."

folder=ops/docker/secrets
user=10001:10001 # as in the Dockerfile

hexadecimal() { od -An -N"$1" -tx1 /dev/urandom | tr -d ' \n'; }

# keep NAME MODE: writes standard input to NAME unless it is there. In one step: a half-written key would be a lost one.
keep() {
    # Read in any case: who writes must not meet a closed pipe.
    cat >"$folder/.new"
    chmod "$2" "$folder/.new"
    if [ -e "$folder/$1" ]; then rm -f "$folder/.new"; else mv "$folder/.new" "$folder/$1"; fi
}

# The folder keeps others on this machine out. The files in it are mounted one by one and read by several users (Postgres and
# ours), except the master key: that one belongs to the user of the processes, which insist on it.
mkdir -p "$folder"
chmod 700 "$folder"
head -c 32 /dev/urandom | keep master_key 400
hexadecimal 32 | keep service_token 444
hexadecimal 24 | keep database_password 444
printf 'postgresql://needletail:%s@postgres:5432/needletail\n' "$(<"$folder/database_password")" | keep database_url 444
printf 'NTKA%s:%s\n' "$(head -c 10 /dev/urandom | base32)" "$(head -c 30 /dev/urandom | base64)" | keep bootstrap_keys 444
# The development inbox, which is there with NEEDLETAIL_DEV_INBOX=1 only; else yours, with user and password.
printf '%s\n' "${NEEDLETAIL_SMTP_URL:-smtp://dev-inbox:2525}" | keep smtp_url 444

IFS=: read -r key_id key_secret <"$folder/bootstrap_keys"
cat >"$folder/client.env" <<CLIENT
AWS_ENDPOINT_URL_PINPOINT=http://127.0.0.1:${NEEDLETAIL_PORT:-8080}
AWS_ACCESS_KEY_ID=$key_id
AWS_SECRET_ACCESS_KEY=$key_secret
AWS_DEFAULT_REGION=us-east-1
CLIENT

if [ "$(id -u)" = 0 ]; then
    chown "$user" "$folder/master_key"
elif ! grep -qs '^NEEDLETAIL_USER=' .env; then
    # Only root can give the key to another user, so the processes run as this one. Compose reads .env by itself.
    echo "NEEDLETAIL_USER=$(id -u):$(id -g)" >>.env
fi
echo "The secrets are in $folder. As a client:  set -a; . $folder/client.env; set +a"
