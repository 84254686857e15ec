#!/usr/bin/env bash
# bench.sh BINARY: puts the loads of docs and design on a fresh server of its own
# and prints what it did. Every ack is synced to the disk that TMPDIR is on.
set -euo pipefail
binary=$1
seconds=${BENCH_SECONDS:-10}
sessions=${BENCH_SESSIONS:-5000}

data=$(mktemp -d)
server=
finish() {
  [ -z "$server" ] || { kill "$server" 2>/dev/null || true; wait "$server" 2>/dev/null || true; }
  rm -rf "$data"
}
trap finish EXIT

ulimit -n "$(ulimit -Hn)"
"$binary" serve --listen 127.0.0.1:0 --admin-listen 127.0.0.1:0 --data "$data" --rate-factor 0 \
  --limit-sockets 1000000 --log-level warn >"$data/out" 2>"$data/err" &
server=$!
for _ in $(seq 200); do
  grep -q metrics "$data/out" && break
  kill -0 "$server" 2>/dev/null || { cat "$data/err" >&2; exit 1; }
  sleep 0.05
done
url=$(sed -n 's/.* serves \(http[^ ]*\)$/\1/p' "$data/out")
admin=$(sed -n 's|.*metrics *\(http.*\)/metrics|\1|p' "$data/out")
cat "$data/out"

load() {
  echo "== haggle bench $*"
  "$binary" bench "$@" --url "$url" --admin "$admin" --pid "$server" --data "$data"
  echo
}
load idle --sessions "$sessions"
load pairs --pairs 1 --duration "${seconds}s"
load pairs --pairs 200 --duration "${seconds}s"
load rate --rate 1000 --duration "${seconds}s"
