#!/usr/bin/env bash
# Has Helm's library run krowave as a post-renderer. KROWAVE_BINARY names a krowave to test instead of
# building one.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
if [ -z "${KROWAVE_BINARY:-}" ]; then
	work=$(mktemp -d)
	trap 'rm -rf "$work"' EXIT
	KROWAVE_BINARY=$work/krowave
	(cd "$here/../../.." && CGO_ENABLED=0 go build -trimpath -o "$KROWAVE_BINARY" .)
fi
export KROWAVE_BINARY
cd "$here"
go test -count=1 .
