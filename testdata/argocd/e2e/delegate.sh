#!/usr/bin/env bash
# Lets Applications of a real application controller share an RGD that they delegate to a real kro: they come and
# go, and objects change hands between Git and kro.
#
#   testdata/argocd/e2e/delegate.sh [-shared N] [VERSION]...     10 Applications, v2.14.21 by default
#
# KROWAVE_BINARY names a krowave to test instead of building one; WORK a directory that is kept.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/prepare.sh"
shared=10
if [ "${1:-}" = -shared ]; then
	shared=${2:?-shared needs a number}
	shift 2
fi
[ $# -gt 0 ] || set -- v2.14.21
kube=$("$root/testdata/kubernetes/build.sh")
{ read -r kro; read -r crds; } < <("$root/testdata/kubernetes/kro.sh")
status=0
for version in "$@"; do
	echo "== application controller $version and kro"
	driver=$("$here/build.sh" "$version")
	"$driver" delegate -argocd "${driver%/*}/argocd" -krowave "$krowave" -kube "$kube" -kro "$kro" -kro-crds "$crds" -shared "$shared" \
		-version "$(release "$version")" -source "${driver%/*/*/*}/src/argo-cd-$version" -work "$(fresh "delegate-$version")" || status=1
done
exit $status
