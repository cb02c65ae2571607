#!/usr/bin/env bash
# Everything that must be green: format, vet, staticcheck, and all tests with the race
# detector. Stops at the first step that is not.
set -euo pipefail
cd "$(dirname "$0")/.."

step() { echo "== $*"; }

step gofmt
unformatted=$(gofmt -l cmd internal docs test)
if [ -n "$unformatted" ]; then
  echo "not formatted by gofmt: $unformatted" >&2
  exit 1
fi
step go vet
go vet ./...
step staticcheck
go tool staticcheck ./...
step build
go build -trimpath -o bin/compressor ./cmd/compressor
step go test -race
go test -race -timeout 20m ./...
