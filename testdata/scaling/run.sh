#!/usr/bin/env bash
# Measures what krowave needs by the size of repositories, and writes the sections and plots of docs/scaling.md. The
# first run builds etcd and kube-apiserver (some minutes); a run takes half an hour, most of it kube-apiserver's.
#
#   testdata/scaling/run.sh [-only render,history,sidecar,flux] [-quick] [-docs DIR]
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$root"
go test ./testdata/figures
CGO_ENABLED=0 go build -trimpath -ldflags '-s -w' -o "$work/krowave" .
cd "$here"
go build -o "$work/scaling" .
"$work/scaling" -krowave "$work/krowave" -root "$root" "$@"
