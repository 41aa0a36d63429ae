#!/usr/bin/env bash
# Measures krowave beside Helm 3, Helm 4 and kustomize, which the first run builds (ten minutes). Arguments are those
# of the program beside this script, such as -sizes 1,100 -rounds 3 -o docs.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
helm3=$("$root/.ci/tool" helm3)
helm4=$("$root/.ci/tool" helm4)
kustomize=$("$root/.ci/tool" kustomize)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$root"
CGO_ENABLED=0 go build -trimpath -ldflags '-s -w' -o "$work/krowave" .
go build -o "$work/peers" ./testdata/peers
testdata/oracle/bench.sh 3 >"$work/engine"
"$work/peers" -krowave "$work/krowave" -helm3 "$helm3" -helm4 "$helm4" -kustomize "$kustomize" -engine "$work/engine" "$@"
