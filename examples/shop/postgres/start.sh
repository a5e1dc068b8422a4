#!/bin/sh
# A database of one task: made at its first start, on loopback only, so that no password is needed.
set -eu
bin=$(echo /usr/lib/postgresql/*/bin)
data=/var/lib/postgresql/shop
if [ ! -d "$data" ]; then
  mkdir -p "$data" && chown postgres "$data"
  setpriv --reuid postgres --regid postgres --clear-groups "$bin/initdb" -D "$data" --auth trust >/dev/null
fi
exec setpriv --reuid postgres --regid postgres --clear-groups "$bin/postgres" -D "$data" -h 127.0.0.1
