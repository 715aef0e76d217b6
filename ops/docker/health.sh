#!/bin/bash
# A container's health check, with nothing but bash: exits 0 when the process on this port answers as it should.
#   health.sh http PORT PATH    a 200
#   health.sh smtp PORT         a greeting
set -euo pipefail

exec 3<>"/dev/tcp/127.0.0.1/$2"
case $1 in
    http)
        printf 'GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' "$3" >&3
        read -r -t 4 line <&3
        [[ $line == 'HTTP/1.1 200 '* ]]
        ;;
    smtp)
        read -r -t 4 line <&3
        [[ $line == '220 '* ]]
        printf 'QUIT\r\n' >&3
        read -r -t 4 line <&3
        ;;
    *) exit 64 ;;
esac
