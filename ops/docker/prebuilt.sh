#!/usr/bin/env bash
# Puts what `make build` made into ops/docker/prebuilt/, stripped: the context of the Dockerfile's target `prebuilt`.
#   ops/docker/prebuilt.sh [FOLDER]     another folder with the programs than .build-release/release
set -euo pipefail
cd "$(dirname "$0")/../.."

source=${1:-.build-release/release}
target=ops/docker/prebuilt
mkdir -p "$target"
for program in ingest-api segment-service campaign-scheduler delivery-email delivery-sms delivery-push delivery-voice \
    delivery-custom inbound-reply analytics-aggregator needletail; do
    if [ ! -x "$source/$program" ]; then
        echo "$source/$program is missing: run make build" >&2
        exit 1
    fi
    strip -o "$target/$program" "$source/$program"
done
