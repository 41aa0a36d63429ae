#!/usr/bin/env bash
# The tests against a real kube-apiserver that every change runs, when its control plane is built already
# or KROWAVE_E2E_BUILD_SECONDS (0) are enough to build it. What is left out says NOT RUN.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
cache=${KROWAVE_CACHE:-$HOME/.cache/krowave}
budget=${KROWAVE_E2E_BUILD_SECONDS:-0}

if [ ! -x "$cache/bin/kube-apiserver" ] && [ "$budget" = 0 ]; then
	echo "NOT RUN: the control plane is not built here; testdata/kubernetes/build.sh builds it, or KROWAVE_E2E_BUILD_SECONDS=1800 here"
	exit 0
fi
status=0
if [ -x "$cache/bin/kube-apiserver" ]; then budget=$((budget + 1800)); fi # at most a version of it is missing
timeout "$budget" "$here/build.sh" >/dev/null || status=$?
if [ "$status" = 124 ]; then
	echo "NOT RUN: the control plane could not be built in $budget seconds"
	exit 0
elif [ "$status" != 0 ]; then
	exit "$status"
fi
export KROWAVE_KUBERNETES=$cache/bin
cd "$root"
go test -count=1 ./plugin/observe ./flux/controller
"$root/testdata/kro-e2e/run.sh" -static 12 -runtime 8
if [ -x "$cache/flux/v1.9.5/kustomize-controller" ]; then
	KROWAVE_FLUX=$cache/flux/v1.9.5 go test -count=1 -run '^TestFlux' ./flux/controller
else
	echo "NOT RUN: kustomize-controller is not built here; make e2e-flux builds it"
fi
