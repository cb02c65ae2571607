#!/usr/bin/env bash
# Runs every native fuzz target of the module for the given time each.
set -euo pipefail
cd "$(dirname "$0")/.."
time=${1:-10s}
grep -rhoE --include='*_test.go' '^func Fuzz[A-Za-z0-9]+' internal cmd test >/dev/null || exit 0
for package in $(grep -rlE --include='*_test.go' '^func Fuzz' internal cmd test | xargs -n1 dirname | sort -u); do
  for target in $(grep -hoE '^func Fuzz[A-Za-z0-9]+' "$package"/*_test.go | awk '{print $2}'); do
    echo "== $package $target"
    go test -run '^$' -fuzz "^$target\$" -fuzztime "$time" -fuzzminimizetime 5x "./$package"
  done
done
