#!/usr/bin/env bash
# Runs krowave's Flux controller beside Flux's own, on a real kube-apiserver.
#
#   testdata/flux/e2e/run.sh [FLAG]...       flags of go test, such as -run TestMoves
#
# KROWAVE_HANDS says how many RenderedSources TestHands has, and KROWAVE_SOAK how many TestSoak has.
# KROWAVE_BINARY names a krowave to test instead of building one, WORK an empty directory that is kept
# with all logs, KROWAVE_CACHE where built programs are. Needed are Go, Git and, for the first run, a Go
# module proxy.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
WORK=${WORK:-}
if [ -z "$WORK" ]; then
	WORK=$(mktemp -d)
	trap 'rm -rf "$WORK"' EXIT
fi
mkdir -p "$WORK"
WORK=$(cd "$WORK" && pwd -P)
FLUX_CONTROLLERS_DIR=$("$here/build.sh")
"$root/testdata/kubernetes/build.sh" >/dev/null
{ read -r KROWAVE_KRO; read -r KROWAVE_KRO_CRDS; } < <("$root/testdata/kubernetes/kro.sh")
KROWAVE_BINARY=${KROWAVE_BINARY:-}
if [ -z "$KROWAVE_BINARY" ]; then
	KROWAVE_BINARY=$WORK/krowave
	(cd "$root" && CGO_ENABLED=0 go build -trimpath -o "$KROWAVE_BINARY" .)
fi
export WORK FLUX_CONTROLLERS_DIR KROWAVE_BINARY KROWAVE_KRO KROWAVE_KRO_CRDS
cd "$here"
go test -count=1 -timeout 60m -v "$@" .
