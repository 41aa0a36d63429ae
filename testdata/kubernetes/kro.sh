#!/usr/bin/env bash
# Builds the controller of kro once, and prints where it is, and on a second line the directory of its CRDs.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
version=v0.9.4
module=github.com/kubernetes-sigs/kro
kro=${KROWAVE_CACHE:-$HOME/.cache/krowave}/kro/$version/controller
if [ ! -x "$kro" ]; then
	echo "building kro $version" >&2
	mkdir -p "${kro%/*}"
	GOBIN=${kro%/*} "$root/.ci/retry" nice go install "$module/cmd/controller@$version"
fi
echo "$kro"
cd /
go mod download -json "$module@$version" | sed -n 's/^.*"Dir": "\(.*\)".*$/\1\/helm\/crds/p'
