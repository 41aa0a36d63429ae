#!/usr/bin/env bash
# krowave adopt against a real kube-apiserver and the real kro controller. KROWAVE_ADOPT_CORPUS is a folder of case
# folders, besides testdata/kro, of which TestCorpus adopts as many as KROWAVE_ADOPT_CASES says. TestCorpus takes
# Argo CD and Flux where they are built, and stand-ins otherwise; KROWAVE_ADOPT_TOOLS=real builds them. Exit code 75
# says that the control plane could not be built in KROWAVE_E2E_BUILD_SECONDS.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
KROWAVE_KUBERNETES=$("$root/.ci/build" "$here/build.sh")
{ read -r KROWAVE_KRO; read -r KROWAVE_KRO_CRDS; } < <("$here/kro.sh")
export KROWAVE_KUBERNETES KROWAVE_KRO KROWAVE_KRO_CRDS

version=v2.14.21
cached=cached
[ "${KROWAVE_ADOPT_TOOLS:-}" != real ] || cached=
if KROWAVE_ARGOCD=$("$root/testdata/argocd/e2e/build.sh" "$version" $cached); then
	cache=${KROWAVE_CACHE:-$HOME/.cache/krowave}
	export KROWAVE_ARGOCD KROWAVE_ARGOCD_SOURCE=$cache/src/argo-cd-$version
fi
if KROWAVE_FLUX=$("$root/testdata/flux/e2e/build.sh" $cached); then
	export KROWAVE_FLUX
fi
cd "$root"
${GOTEST:-go test} -count=1 -timeout 30m ./plugin/adopt "$@"
