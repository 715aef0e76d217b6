#!/usr/bin/env bash
# Installs what the given groups of ops/local/packages.txt need and this machine lacks.
#   usage: ops/local/setup.sh build|run|test|bench ...
#
# Nothing of the distribution's is started, now or at the next boot: no cluster, no mail server, no web server.
# Nothing is removed. An ordinary user gets the one command to run instead.
set -euo pipefail
cd "$(dirname "$0")/../.."

undo=()
cleanup() {
    local index
    for ((index = ${#undo[@]} - 1; index >= 0; index--)); do eval "${undo[index]}"; done
}

missing_packages() {
    local group package
    while read -r group package; do
        case " $* " in *" $group "*) ;; *) continue ;; esac
        [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || echo "$package"
    done < <(grep -v '^#' ops/local/packages.txt)
}

# Maintainer scripts ask policy-rc.d before they start a service; 101 means "not allowed".
forbid_service_starts() {
    local policy=/usr/sbin/policy-rc.d
    if [ -e "$policy" ]; then
        mv "$policy" "$policy.before-needletail"
        undo+=("mv $policy.before-needletail $policy")
    else
        undo+=("rm -f $policy")
    fi
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
}

# postgresql-15 would create a cluster "main"; postgresql-common reads this folder of settings first.
forbid_default_cluster() {
    local folder=/etc/postgresql-common/createcluster.d
    [ -d /etc/postgresql-common ] || undo+=("rmdir --ignore-fail-on-non-empty /etc/postgresql-common 2>/dev/null || true")
    [ -d "$folder" ] || undo+=("rmdir --ignore-fail-on-non-empty $folder")
    mkdir -p "$folder"
    undo+=("rm -f $folder/needletail.conf")
    echo 'create_main_cluster = false' >"$folder/needletail.conf"
}

install_packages() {
    export DEBIAN_FRONTEND=noninteractive
    trap cleanup EXIT
    forbid_service_starts
    case " $* " in *" postgresql-15 "*) forbid_default_cluster ;; esac
    case " $* " in
        *" postfix "*)
            apt-get install -y -q --no-install-recommends debconf >/dev/null
            echo 'postfix postfix/main_mailer_type select No configuration' | debconf-set-selections
            ;;
    esac
    echo "installing: $*"
    apt-get -q -o Acquire::Retries=3 update
    apt-get -q -y --no-install-recommends --no-remove -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 \
        -o Dpkg::Options::=--force-confold install "$@" </dev/null
    local service
    for service in nginx postfix; do
        case " $* " in *" $service "*) ;; *) continue ;; esac
        if [ -d /run/systemd/system ]; then systemctl disable --quiet "$service.service"; fi
    done
    cleanup
    undo=()
    trap - EXIT
}

# The Python peers (boto3, the AWS CLI, queue and SMTP libraries), at the pinned versions; rebuilt only when the pins change.
install_peers() {
    local pins=Tests/peers/requirements.txt
    if ! cmp -s "$pins" .venv/requirements.txt; then
        rm -rf .venv
        python3 -m venv .venv
        .venv/bin/pip install --quiet --disable-pip-version-check --no-input -r "$pins"
        cp "$pins" .venv/requirements.txt
    fi
}

if ! command -v swift >/dev/null; then
    echo "Swift 6.3 or newer is needed and 'swift' is not on the PATH: see https://www.swift.org/install/linux/" >&2
    exit 1
fi
if ! command -v dpkg-query >/dev/null; then
    echo "This is not Debian (no dpkg). Install by hand what ops/local/packages.txt names, then run 'make build'." >&2
    exit 1
fi

mapfile -t missing < <(missing_packages "$@")
if ((${#missing[@]})); then
    if [ "$(id -u)" != 0 ]; then
        echo "Packages are missing. Run this, then the same command again:" >&2
        echo "  sudo $PWD/ops/local/setup.sh $*" >&2
        echo "or, if the services that Debian starts by itself do not disturb you:" >&2
        echo "  sudo apt-get install --no-install-recommends ${missing[*]}" >&2
        exit 1
    fi
    install_packages "${missing[@]}"
fi
case " $* " in *" test "*) install_peers ;; esac
