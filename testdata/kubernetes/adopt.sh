#!/usr/bin/env bash
# krowave adopt against a real kube-apiserver and the real kro controller. KROWAVE_ADOPT_CORPUS is a folder of case
# folders, besides testdata/kro, of which TestCorpus adopts as many as KROWAVE_ADOPT_CASES says. Exit code 75 says
# that the control plane could not be built in KROWAVE_E2E_BUILD_SECONDS.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
KROWAVE_KUBERNETES=$("$root/.ci/build" "$here/build.sh")
{ read -r KROWAVE_KRO; read -r KROWAVE_KRO_CRDS; } < <("$here/kro.sh")
export KROWAVE_KUBERNETES KROWAVE_KRO KROWAVE_KRO_CRDS
cd "$root"
${GOTEST:-go test} -count=1 -timeout 30m ./plugin/adopt "$@"
