#!/usr/bin/env bash
# tmp.sh: prints the folder in which tests keep their databases. That is memory where there
# is enough of it: tests kill processes and never the power, so they learn nothing from how
# long a disk takes to sync. Who sets TMPDIR has the last word.
set -euo pipefail
memory=/dev/shm
enough=4194304 # KiB
if [ -z "${TMPDIR:-}" ] && [ -w $memory ] && ! grep -q "^[^ ]* $memory .*noexec" /proc/mounts &&
  [ "$(df -k --output=avail $memory | tail -1)" -ge $enough ]; then
  echo $memory
else
  echo "${TMPDIR:-/tmp}"
fi
