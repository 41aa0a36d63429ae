#!/usr/bin/env bash
# Measures the sidecar beside Argo CD's own plugin server with krowave, Helm and kustomize behind it, in one run on
# equal objects: a machine's speed drifts, a ratio of neighbours does not.
#
#   testdata/argocd/e2e/bench.sh [-files 500] [-apps 128] [-stock 20]           writes the section of docs/scaling.md
#   testdata/argocd/e2e/bench.sh throughput [-files 3000] [-apps 500] [-stock 40]
#
# -stock is how many applications are asked for at least. throughput asks the sidecar for every application of a
# repository, and the plugin server for some. KROWAVE_BINARY and WORK are those of reposerver.sh.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# The plugin server unpacks every request to disk; memory is the fastest one it can have.
[ -n "${WORK:-}" ] || [ ! -w /dev/shm ] || export TMPDIR=/dev/shm
. "$here/prepare.sh"
version=${ARGOCD_VERSION:-v2.14.21}
driver=$("$here/build.sh" "$version")
common=(-argocd "${driver%/*}/argocd" -krowave "$krowave" -version "$(release "$version")" -work "$(fresh bench)")
if [ "${1:-}" = throughput ]; then
	shift
	"$driver" bench "${common[@]}" -examples "$root/examples/shop" "$@"
	exit
fi
"$driver" compare "${common[@]}" -helm "$("$root/.ci/tool" helm3)" -kustomize "$("$root/.ci/tool" kustomize)" \
	-files 500 -apps 128 -stock 20 -o "$work/section.md" "$@"
cd "$root/testdata/scaling"
go run . -docs "$root/docs" -section bench-cmp <"$work/section.md"
