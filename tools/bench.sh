#!/usr/bin/env bash
# bench.sh BINARY: puts the loads of docs and design on a fresh server of its own
# and prints what it did, then how it starts after a death. Every ack is synced to the disk that TMPDIR is on.
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

# start starts a server, and returns when it says that it is ready; its address is in url.
start() {
  "$binary" serve --listen 127.0.0.1:0 --admin-listen 127.0.0.1:0 --data "$data" --rate-factor 0 \
    --limit-sockets 1000000 --log-level warn >"$data/out" 2>"$data/err" &
  server=$!
  for _ in $(seq 2000); do
    url=$(sed -n 's/.* serves \(http[^ ]*\)$/\1/p' "$data/out")
    [ -n "$url" ] && ready && return
    kill -0 "$server" 2>/dev/null || break
    sleep 0.005
  done
  cat "$data/err" >&2
  exit 1
}

# ready asks the server itself.
ready() {
  local at=${url#http://} status
  exec 3<>"/dev/tcp/${at%:*}/${at##*:}" || return
  printf 'GET /readyz HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n' "$at" >&3
  read -r _ status _ <&3
  exec 3>&-
  [ "$status" = 200 ]
}

ulimit -n "$(ulimit -Hn)"
start
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

echo "== starts, the server before killed, on what these loads have stored"
for _ in 1 2 3 4 5; do
  kill -9 "$server"
  wait "$server" 2>/dev/null || true
  began=${EPOCHREALTIME/[.,]/}
  start
  took=$((${EPOCHREALTIME/[.,]/} - began))
  echo "ready after $((took / 1000)) ms, memory then $(awk '/^VmRSS/ { all = $2 } /^RssAnon/ { own = $2 } END { printf "%.1f MiB, of it %.1f its own and the rest the program", all / 1024, own / 1024 }' "/proc/$server/status")"
done
