#!/usr/bin/env bash
# Asks a real repo-server for manifests that only the sidecar can make.
#
#   testdata/argocd/e2e/reposerver.sh [VERSION]...     v2.14.21 and v3.6.1 by default
#
# KROWAVE_BINARY names a krowave to test instead of building one; WORK a directory that is kept.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/prepare.sh"
[ $# -gt 0 ] || set -- v2.14.21 v3.6.1
status=0
for version in "$@"; do
	echo "== repo-server $version"
	driver=$("$here/build.sh" "$version")
	"$driver" reposerver -argocd "${driver%/*}/argocd" -krowave "$krowave" -examples "$root/examples/shop" \
		-version "$(release "$version")" -work "$(fresh "reposerver-$version")" || status=1
done
exit $status
