#!/usr/bin/env bash
# The tests against a real kube-apiserver that every change runs. Exit code 75 says that its control plane is
# not built and could not be built in KROWAVE_E2E_BUILD_SECONDS.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
KROWAVE_KUBERNETES=$("$root/.ci/build" "$here/build.sh")
export KROWAVE_KUBERNETES
cd "$root"
${GOTEST:-go test} -count=1 -timeout 20m ./plugin/observe ./flux/controller
${GOTEST:-go test} -count=1 -run "^TestDiffLive" ./plugin/command/change
"$here/adopt.sh" -run '^Test(AdoptToArgoCD|AdoptToFlux|KilledAnywhere|NotHeld|Rollback|KroIsBroken)$/^real$'
"$root/testdata/kro-e2e/run.sh" -static 12 -runtime 8
