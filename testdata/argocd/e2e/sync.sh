#!/usr/bin/env bash
# Lets a real application controller sync what the sidecar renders to a real Kubernetes API.
#
#   testdata/argocd/e2e/sync.sh [VERSION]...     v2.14.21 and v3.6.1 by default
#
# KROWAVE_BINARY names a krowave to test instead of building one; WORK a directory that is kept.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/prepare.sh"
[ $# -gt 0 ] || set -- v2.14.21 v3.6.1
kube=$("$root/testdata/kubernetes/build.sh")
status=0
for version in "$@"; do
	echo "== application controller $version"
	driver=$("$here/build.sh" "$version")
	"$driver" sync -argocd "${driver%/*}/argocd" -krowave "$krowave" -kube "$kube" -version "$(release "$version")" \
		-source "${driver%/*/*/*}/src/argo-cd-$version" -work "$(fresh "sync-$version")" || status=1
done
exit $status
