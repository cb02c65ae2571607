#!/usr/bin/env bash
# Installs what building and testing Compressor needs and is missing: Debian packages and
# the pinned prebuilt libvips. Says what it installs; fails with the missing thing's name.
# Running it again does nothing. Arguments are further Debian packages, for benches.
set -euo pipefail
cd "$(dirname "$0")/.."

fail() { echo "setup: $*" >&2; exit 1; }

need_command() { # command, hint
  command -v "$1" >/dev/null 2>&1 || fail "missing: $1 ($2)"
}

install_packages() { # Debian packages that are not there yet
  local missing=()
  for package in "$@"; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
  done
  [ ${#missing[@]} -eq 0 ] && return
  command -v apt-get >/dev/null 2>&1 || fail "missing: ${missing[*]} (no apt-get here: install them by hand)"
  local as_root=()
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null 2>&1 || fail "missing: ${missing[*]} (run as root: apt-get install ${missing[*]})"
    as_root=(sudo)
  fi
  echo "setup: installing Debian packages: ${missing[*]}"
  "${as_root[@]}" apt-get update -qq || fail "missing: ${missing[*]} (apt-get update failed)"
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null ||
    fail "missing: ${missing[*]} (apt-get install failed)"
}

install_libvips() { # the versions that package-lock.json pins
  if [ -f node_modules/.package-lock.json ] && [ node_modules/.package-lock.json -nt package-lock.json ]; then
    return
  fi
  echo "setup: installing the prebuilt libvips that package-lock.json pins"
  npm ci --no-audit --no-fund --loglevel=error || fail "missing: @img/sharp-libvips-linux-x64 (npm ci failed)"
  touch node_modules/.package-lock.json
}

[ "$(uname -s)-$(uname -m)" = Linux-x86_64 ] || fail "built and tested on Linux x86-64 only, this is $(uname -s) $(uname -m)"
need_command go "Go 1.26 or later"
need_command npm "Node 20 or later with npm"
install_packages gcc libc6-dev libdeflate-dev curl ca-certificates unzip libavif-bin ffmpeg "$@"
install_libvips
