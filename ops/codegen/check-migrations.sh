#!/usr/bin/env bash
# Fails when Shared/Postgres/Migrations.generated.swift is not what the migration files make.
set -euo pipefail
exec python3 "$(dirname "$0")/migrations.py" --check
