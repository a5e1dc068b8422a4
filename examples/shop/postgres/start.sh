#!/bin/sh
# A database of one task, made at its first start and reached by the containers that link it.
set -eu
bin=$(echo /usr/lib/postgresql/*/bin)
data=/var/lib/postgresql/shop
as_postgres() { setpriv --reuid postgres --regid postgres --clear-groups "$@"; }
if [ ! -d "$data" ]; then
  mkdir -p "$data" && chown postgres "$data"
  echo shop > /tmp/password
  as_postgres "$bin/initdb" -D "$data" --auth scram-sha-256 --pwfile /tmp/password >/dev/null
  echo 'host all all all scram-sha-256' >> "$data/pg_hba.conf"
fi
exec setpriv --reuid postgres --regid postgres --clear-groups "$bin/postgres" -D "$data" -h 0.0.0.0
