#!/usr/bin/env bash
# Seeds a Postgres of its own and measures every page of the console.
#
#   bench/console/run.sh                                    1,000,000 connections and 10,000,000 events
#   bench/console/run.sh --connections 100000 --events 1000000 --requests 200
#   bench/console/run.sh --keep                             afterwards server and database stay until Ctrl-C
#
# LATCHKEY_BIN is the program to measure; without, target/release/latchkey. The full run takes about 7 GB of disk.
set -euo pipefail
# shellcheck source=bin/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../bin/lib.sh"

connections=1000000 events=10000000 requests=200 keep=false
while [ $# -gt 0 ]; do
  case "$1" in
    --connections) connections="$2"; shift 2 ;;
    --events) events="$2"; shift 2 ;;
    --requests) requests="$2"; shift 2 ;;
    --keep) keep=true; shift ;;
    *) fail "bench/console/run.sh does not know \`$1\`. It takes --connections, --events, --requests and --keep." ;;
  esac
done
have node || fail "node is not there. Install Node.js 20 or newer."
have psql || install_debian postgresql-client "psql, the PostgreSQL client"
binary="${LATCHKEY_BIN:-$TARGET/release/latchkey}"
[ -x "$binary" ] || fail "$binary is not there. Build it: cargo build --release -p latchkey"

folder="$(mktemp -d)"
server=""
end() {
  [ -z "$server" ] || kill -TERM "$server" 2>/dev/null || true
  [ -z "$server" ] || wait "$server" 2>/dev/null || true
  stop_scratch_postgres
  rm -rf "$folder"
}
trap end EXIT
# On a disk, as that of an operator is; /tmp is none everywhere.
SCRATCH_PLACE="${TMPDIR:-/var/tmp}" start_scratch_postgres
query() { env -u PGOPTIONS PGHOST="$SCRATCH_POSTGRES_FOLDER" PGPORT=5432 PGUSER=latchkey psql -X -q "$@"; }
query -d postgres -c 'create database latchkey'
# Enough of both that a seed of this size goes through, as an operator of such a server gives it.
query -d latchkey -c "alter system set max_wal_size = '8GB'" -c "alter system set maintenance_work_mem = '256MB'" \
  -c "alter system set work_mem = '64MB'" -c 'select pg_reload_conf()' >/dev/null

LATCHKEY_DATABASE_URL="$(scratch_postgres_url latchkey)" LATCHKEY_DEV_DIR="$folder/dev" LATCHKEY_LOG=warn \
  LATCHKEY_BIND="127.0.0.1:${PORT:-18473}" LATCHKEY_PUBLIC_URL="http://127.0.0.1:${PORT:-18473}" \
  "$binary" dev --json >"$folder/ready.json" 2>"$folder/log" &
server=$!
waited=0
until grep -qs '^{' "$folder/ready.json"; do
  kill -0 "$server" 2>/dev/null || fail "the server ended: $(tail -n 5 "$folder/log")"
  waited=$((waited + 1))
  [ "$waited" -lt 600 ] || fail "the server did not start within a minute: $(tail -n 5 "$folder/log")"
  sleep 0.1
done
project="$(node -p 'JSON.parse(require("node:fs").readFileSync(process.argv[1], "utf8")).project_id' "$folder/ready.json")"
say "seeding $connections connections and $events events"
begun="$SECONDS"
query -d latchkey -v project="$project" -v connections="$connections" -v events="$events" \
  -f "$ROOT/bench/console/seed.sql" >&2 || fail "the seed did not go through; the message is above."
say "seeded in $((SECONDS - begun)) s"
# One of each kind, as the addresses of pages name them. Of many, one in the middle.
known="$(query -d latchkey -At -v project="$project" <<'SQL'
select json_build_object(
    'connection', (select id from connections where project_id = :'project' order by id desc limit 1 offset 500),
    'session', (select id from connect_sessions where project_id = :'project' order by id desc limit 1 offset 300),
    'link', (select id from connect_links where project_id = :'project' order by id desc limit 1 offset 30),
    'request', (select id from requests where project_id = :'project' order by id desc limit 1 offset 500),
    'endpoint', (select endpoint_id from webhook_deliveries order by seq desc limit 1),
    'delivery', (select id from webhook_deliveries order by seq desc limit 1),
    'key', (select id from api_keys where name = 'Key 1' limit 1),
    'operator', (select id from operators where email_key = 'operator7@example.com'))
SQL
)"
measured=0
node "$ROOT/bench/console/measure.mjs" --ready "$folder/ready.json" --known "$known" --requests "$requests" || measured=$?
if $keep; then
  say "kept until Ctrl-C: PGHOST=$SCRATCH_POSTGRES_FOLDER PGPORT=5432 PGUSER=latchkey psql latchkey; again:"
  say "node bench/console/measure.mjs --ready $folder/ready.json --known '$known' --requests $requests"
  wait "$server" || true
fi
exit "$measured"
