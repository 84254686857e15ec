#!/usr/bin/env bash
# need.sh browser|shell|compiler|php|mariadb|postgres|nginx|caddy|ip|systemd: sees to it that the machine has one. On Debian, as
# root, it is installed. Otherwise a mark is left in .cache, by which the
# Makefile skips what needs it, aloud; with CI set that is an error.
set -euo pipefail
cd "$(dirname "$0")/.."
what=$1
mark=.cache/no-$what
mkdir -p .cache
rm -f "$mark"

have() {
  case $what in
    browser)
      [ -n "${HAGGLE_CHROMIUM:-}" ] && return 0
      command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null
      ;;
    shell) command -v chromium-headless-shell >/dev/null ;;
    compiler) command -v "$(go env CC)" >/dev/null ;;
    mariadb) command -v mariadbd >/dev/null || [ -x /usr/sbin/mariadbd ] ;;
    nginx) command -v nginx >/dev/null || [ -x /usr/sbin/nginx ] ;;
    caddy) command -v caddy >/dev/null ;;
    ip) command -v ip >/dev/null || [ -x /usr/sbin/ip ] ;;
    systemd) command -v systemd-analyze >/dev/null ;;
    postgres) command -v postgres >/dev/null || compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null ;;
    php) php -r 'exit(extension_loaded("curl") ? 0 : 1);' 2>/dev/null ;;
  esac
}

packages() {
  case $what in
    # Fonts too: without them Chinese and emoji are boxes.
    browser) echo chromium fonts-noto-cjk fonts-noto-color-emoji ;;
    shell) echo chromium-headless-shell ;;
    compiler) echo gcc libc6-dev ;;
    mariadb) echo mariadb-server ;;
    postgres) echo postgresql ;;
    php) echo php-cli php-curl ;;
    nginx) echo nginx-light ;;
    caddy) echo caddy ;;
    ip) echo iproute2 ;;
    systemd) echo systemd ;;
  esac
}

have && exit 0
if [ "$(id -u)" = 0 ] && [ -f /etc/debian_version ] && command -v apt-get >/dev/null; then
  echo "make: installing $(packages)"
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq
  # shellcheck disable=SC2046 # a list of names
  apt-get install -y -qq --no-install-recommends $(packages) >/dev/null
  have && exit 0
fi
if [ -n "${CI:-}" ]; then
  echo "make: there is no $what; install $(packages)" >&2
  exit 1
fi
touch "$mark"
