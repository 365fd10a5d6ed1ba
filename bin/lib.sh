# shellcheck shell=bash
# What the scripts in bin/ share. Sourced, never run.
# Everything for people goes to standard error, so that standard output stays for results.

ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)"
readonly ROOT

say() { printf '%s\n' "$*" >&2; }

# fail MESSAGE: what happened, who can mend it, how.
fail() {
  say "error: $*"
  exit 1
}

have() { command -v "$1" >/dev/null 2>&1; }

# run_as_root COMMAND…: directly as root, through sudo otherwise. Fails where neither is possible.
run_as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    "$@" >&2
  elif have sudo; then
    sudo "$@" >&2
  else
    return 1
  fi
}

# patiently COMMAND…: three tries, since a registry of packages may be out of reach for a moment.
patiently() {
  local pause
  for pause in 10 30; do
    "$@" && return 0
    say "this failed, and is tried again in $pause s: $*"
    sleep "$pause"
  done
  "$@"
}

# renew_debian: apt's lists, which a fresh machine has none of. Once in a run, where APT_RENEWED names a file to remember it.
renew_debian() {
  if [ -n "${APT_RENEWED:-}" ] && [ -e "$APT_RENEWED" ]; then return 0; fi
  if [ "$(id -u)" -ne 0 ] && ! have sudo; then return 1; fi
  local status=0
  patiently run_as_root env DEBIAN_FRONTEND=noninteractive apt-get update -qq -o APT::Update::Error-Mode=any \
    -o DPkg::Lock::Timeout=300 </dev/null || status=$?
  if [ -n "${APT_RENEWED:-}" ]; then touch "$APT_RENEWED"; fi
  return "$status"
}

# install_debian PACKAGE PURPOSE: with apt-get, or says what to install.
install_debian() {
  local package="$1" purpose="$2"
  have apt-get || fail "$purpose is not on this machine, and there is no apt-get. Install it with your system's package manager (on Debian and Ubuntu it is the package \`$package\`)."
  if [ "$(id -u)" -ne 0 ] && ! have sudo; then
    fail "$purpose is not on this machine, and installing it needs root. Ask somebody who is root to run: apt-get install $package"
  fi
  say "installing $package ($purpose) …"
  # A failed renewal is only a problem when the install fails too.
  renew_debian || true
  patiently run_as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
    -o DPkg::Lock::Timeout=300 "$package" </dev/null ||
    fail "apt-get could not install $package ($purpose). See its messages above; mend them, then run this again."
}

# The folder of what cargo builds.
TARGET="${CARGO_TARGET_DIR:-$ROOT/target}"
readonly TARGET

# need_rust: cargo, and the C compiler that it links with.
need_rust() {
  have cargo || fail "cargo was not found. Install the Rust toolchain (rustup reads the version from rust-toolchain.toml), then run this again."
  have cc || install_debian build-essential "a C compiler, with which Rust links"
  # The first call on a new machine fetches the toolchain.
  (cd "$ROOT" && patiently cargo --version >/dev/null) || fail "cargo does not run here. See its messages above."
}

# need_space: a build that fills up the disk fails in a hundred places, none of which says so.
need_space() {
  local wanted=16 folder="$TARGET" free
  # What was built before is not built again.
  if [ -d "$TARGET/debug/deps" ]; then wanted=4; fi
  while [ ! -d "$folder" ]; do folder="$(dirname "$folder")"; done
  free="$(($(df -Pk "$folder" | awk 'NR == 2 { print $4 }') / 1048576))"
  [ "$free" -ge "$wanted" ] || fail "the tests build about $wanted GiB below $TARGET, and its disk has $free GiB left. Free some, or set CARGO_TARGET_DIR to a folder on another disk."
}

# --- PostgreSQL ------------------------------------------------------------------------------------------------------

is_postgres_folder() { [ -n "$1" ] && [ -x "$1/initdb" ] && [ -x "$1/postgres" ]; }

# find_postgres: sets PG_BINDIR. The order is that of `latchkey dev` (crates/latchkey/src/cluster).
find_postgres() {
  local folder
  if [ -n "${LATCHKEY_PG_BINDIR:-}" ]; then
    is_postgres_folder "$LATCHKEY_PG_BINDIR" ||
      fail "LATCHKEY_PG_BINDIR is $LATCHKEY_PG_BINDIR, and there is no initdb and postgres in it. Set it to the folder that holds both, or unset it."
    PG_BINDIR="$LATCHKEY_PG_BINDIR"
    return 0
  fi
  if have pg_config; then
    folder="$(pg_config --bindir 2>/dev/null || true)"
    if is_postgres_folder "$folder"; then
      PG_BINDIR="$folder"
      return 0
    fi
  fi
  while IFS= read -r folder; do
    if is_postgres_folder "$folder"; then
      PG_BINDIR="$folder"
      return 0
    fi
  done < <(printf '%s\n' /usr/lib/postgresql/*/bin /usr/pgsql-*/bin | sort -rV)
  if have initdb && have postgres; then
    PG_BINDIR="$(dirname "$(readlink -f "$(command -v initdb)")")"
    is_postgres_folder "$PG_BINDIR" && return 0
  fi
  for folder in "$TARGET/debug/pg/bin" "$TARGET/debug/pg/native/bin"; do
    if is_postgres_folder "$folder"; then
      PG_BINDIR="$folder"
      return 0
    fi
  done
  PG_BINDIR=""
  return 1
}

# need_postgres: finds the server, else installs Debian's package. The package would start a cluster of its own on port
# 5432, which nobody asked for: that is switched off for this one installation.
need_postgres() {
  find_postgres && return 0
  have apt-get || fail "no PostgreSQL server (initdb, postgres) was found. Install PostgreSQL 15 or newer and put its folder into LATCHKEY_PG_BINDIR, or run \`docker compose up -d postgres\` and set DATABASE_URL."
  local setting=/etc/postgresql-common/createcluster.conf line='create_main_cluster = false # for one installation' status=0
  [ -e "$setting" ] || install_debian postgresql-common "the tools of Debian's PostgreSQL"
  printf '%s\n' "$line" | run_as_root tee -a "$setting" || true
  (install_debian postgresql "the PostgreSQL server") || status=$?
  run_as_root sed -i '/^create_main_cluster = false # for one installation$/d' "$setting" || true
  [ "$status" -eq 0 ] || exit "$status"
  find_postgres || fail "the package postgresql is installed, but its initdb and postgres were not found. Set LATCHKEY_PG_BINDIR to their folder."
}

SCRATCH_POSTGRES_FOLDER=""
SCRATCH_POSTGRES_PID=""

# Sets AS_POSTGRES, the words to put before a command of PostgreSQL: an empty environment and, since PostgreSQL refuses
# to run as root, a step down to the package's user. Every word replaces the one before it, so the process stays one.
set_as_postgres() {
  AS_POSTGRES=(env -i LC_ALL=C PATH=/usr/local/bin:/usr/bin:/bin)
  [ "$(id -u)" -eq 0 ] || return 0
  id postgres >/dev/null 2>&1 ||
    fail "PostgreSQL does not run as root, and there is no user \`postgres\` to run it as. Create one (useradd --system postgres), or run this as another user."
  if have setpriv; then
    AS_POSTGRES+=(setpriv --reuid=postgres --regid="$(id -g postgres)" --clear-groups)
  else
    # shellcheck disable=SC2016 # expanded by the inner shell
    AS_POSTGRES+=(su -s /bin/sh postgres -c 'exec "$0" "$@"' --)
  fi
}

# Where a throw-away server lies: in memory where there is plenty, since what tests take most from a disk is to make and
# remove databases of a thousand files each.
scratch_place() {
  local free memory
  free="$(df --output=avail -k /dev/shm 2>/dev/null | tail -n 1 || true)"
  memory="$(awk '/^MemAvailable:/ { print $2 }' /proc/meminfo 2>/dev/null || true)"
  if [ -w /dev/shm ] && [ "${free:-0}" -ge 6000000 ] && [ "${memory:-0}" -ge 9000000 ]; then
    echo /dev/shm
  else
    echo /tmp
  fi
}

# start_scratch_postgres: a throw-away server in a new temporary folder (in SCRATCH_PLACE, else as scratch_place finds),
# without any TCP port and without durability.
# Sets SCRATCH_POSTGRES_FOLDER (also the socket folder) and SCRATCH_POSTGRES_PID. Call stop_scratch_postgres in a trap.
# The folder is not under target/, since the unprivileged user may not be able to reach a clone in somebody's home.
start_scratch_postgres() {
  need_postgres
  set_as_postgres
  SCRATCH_POSTGRES_FOLDER="$(mktemp -d "${SCRATCH_PLACE:-$(scratch_place)}/latchkey-XXXXXX")"
  if [ "$(id -u)" -eq 0 ]; then chown postgres: "$SCRATCH_POSTGRES_FOLDER"; fi
  local folder="$SCRATCH_POSTGRES_FOLDER"
  # The server's folder is the working directory, as the present one may be closed to the unprivileged user.
  (cd "$folder" && exec "${AS_POSTGRES[@]}" "$PG_BINDIR/initdb" -D "$folder/data" -U latchkey -A trust -E UTF8 \
    --locale=C --no-instructions --no-sync) </dev/null >"$folder.log" 2>&1 ||
    fail "initdb failed: $(tail -n 5 "$folder.log")"
  # The server ends with this script, even when the script is killed. Set last, as a change of user takes it back.
  local tied=()
  if have setpriv && setpriv --pdeathsig INT true 2>/dev/null; then tied=(setpriv --pdeathsig INT); fi
  (cd "$folder" && exec "${AS_POSTGRES[@]}" "${tied[@]}" "$PG_BINDIR/postgres" -D "$folder/data" -k "$folder" \
    -c listen_addresses= -c unix_socket_permissions=0700 -c fsync=off -c synchronous_commit=off \
    -c full_page_writes=off -c max_connections=300 -c timezone=UTC -c log_timezone=UTC) \
    </dev/null >>"$folder.log" 2>&1 &
  SCRATCH_POSTGRES_PID=$!
  local waited=0
  # The last line of the pid file says "ready" once connections are accepted; pg_ctl waits in the same way.
  until grep -qs '^ready' "$folder/data/postmaster.pid"; do
    kill -0 "$SCRATCH_POSTGRES_PID" 2>/dev/null || fail "the PostgreSQL server ended at start: $(tail -n 5 "$folder.log")"
    waited=$((waited + 1))
    [ "$waited" -lt 600 ] || fail "the PostgreSQL server was not ready after 30 seconds: $(tail -n 5 "$folder.log")"
    sleep 0.05
  done
}

# scratch_postgres_url DATABASE
scratch_postgres_url() {
  printf 'postgres:///%s?host=%s&port=5432&user=latchkey' "$1" "$SCRATCH_POSTGRES_FOLDER"
}

stop_scratch_postgres() {
  if [ -n "$SCRATCH_POSTGRES_PID" ]; then
    local server
    server="$(head -n 1 "$SCRATCH_POSTGRES_FOLDER/data/postmaster.pid" 2>/dev/null || true)"
    kill -INT "${server:-$SCRATCH_POSTGRES_PID}" 2>/dev/null || true
    wait "$SCRATCH_POSTGRES_PID" 2>/dev/null || true
    SCRATCH_POSTGRES_PID=""
  fi
  if [ -n "$SCRATCH_POSTGRES_FOLDER" ]; then
    rm -rf "$SCRATCH_POSTGRES_FOLDER" "$SCRATCH_POSTGRES_FOLDER.log"
    SCRATCH_POSTGRES_FOLDER=""
  fi
}
