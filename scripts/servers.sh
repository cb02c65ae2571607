#!/usr/bin/env bash
# Builds and installs the object stores that tests start on this machine: versitygw,
# fake-gcs-server and Azurite, at the versions that test/servers pins. Running it again does
# nothing. The first time takes some minutes.
set -euo pipefail
cd "$(dirname "$0")/.."

echo "servers: versitygw and fake-gcs-server, into bin/servers"
mkdir -p bin/servers
go build -C test/servers/tools -trimpath -o ../../../bin/servers/ \
  github.com/versity/versitygw/cmd/versitygw github.com/fsouza/fake-gcs-server

azurite=test/servers/azurite
if [ ! -f $azurite/node_modules/.package-lock.json ] || [ $azurite/package-lock.json -nt $azurite/node_modules/.package-lock.json ]; then
  echo "servers: Azurite, into $azurite/node_modules"
  npm ci --prefix $azurite --no-audit --no-fund --loglevel=error
  touch $azurite/node_modules/.package-lock.json
fi
