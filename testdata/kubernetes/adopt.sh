#!/usr/bin/env bash
# krowave adopt against a real kube-apiserver and the real kro controller, which testdata/kro-e2e/run.sh builds too.
# KROWAVE_ADOPT_CORPUS is a folder of case folders, besides testdata/kro, of which TestCorpus adopts as many as
# KROWAVE_ADOPT_CASES says.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
version=v0.9.4
module=github.com/kubernetes-sigs/kro
kro=${KROWAVE_CACHE:-$HOME/.cache/krowave}/kro/$version/controller
KROWAVE_KUBERNETES=$("$here/build.sh")
if [ ! -x "$kro" ]; then
	echo "building kro $version" >&2
	mkdir -p "${kro%/*}"
	GOBIN=${kro%/*} "$root/.ci/retry" nice go install "$module/cmd/controller@$version"
fi
KROWAVE_KRO=$kro
KROWAVE_KRO_CRDS=$(cd / && go mod download -json "$module@$version" | sed -n 's/^.*"Dir": "\(.*\)".*$/\1/p')/helm/crds
export KROWAVE_KUBERNETES KROWAVE_KRO KROWAVE_KRO_CRDS
cd "$root"
${GOTEST:-go test} -count=1 -timeout 30m ./plugin/adopt "$@"
