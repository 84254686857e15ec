#!/usr/bin/env bash
# Says what is missing if Node is not there or too old to build the pages.
set -euo pipefail
if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
  echo "make: the pages need Node 20.19 or newer with npm: https://nodejs.org" >&2
  exit 1
fi
if ! node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)'; then
  echo "make: the pages need Node 20.19 or newer, this is $(node --version)" >&2
  exit 1
fi
