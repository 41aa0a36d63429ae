#!/usr/bin/env bash
# The tests with a real kustomize-controller that every change runs. Exit code 75 says that it, or a
# kube-apiserver, is not built and could not be built in KROWAVE_E2E_BUILD_SECONDS.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
KROWAVE_KUBERNETES=$("$root/.ci/build" "$root/testdata/kubernetes/build.sh")
KROWAVE_FLUX=$("$root/.ci/build" "$here/build.sh")
export KROWAVE_KUBERNETES KROWAVE_FLUX
cd "$root"
${GOTEST:-go test} -count=1 -run '^TestFlux' ./flux/controller
