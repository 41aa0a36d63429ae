#!/usr/bin/env bash
# Measures the sidecar beside Argo CD's own plugin server, which runs krowave argocd generate for each
# request, in one run on one repository: a machine's speed drifts, a ratio of neighbours does not.
#
#   testdata/argocd/e2e/bench.sh [-files 3000] [-apps 500] [-stock 40]
#
# -stock is how many of the applications the slow one is asked for. KROWAVE_BINARY and WORK are those of
# reposerver.sh.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# The plugin server unpacks every request to disk; memory is the fastest one it can have.
[ -n "${WORK:-}" ] || [ ! -w /dev/shm ] || export TMPDIR=/dev/shm
. "$here/prepare.sh"
version=${ARGOCD_VERSION:-v2.14.21}
driver=$("$here/build.sh" "$version")
"$driver" bench -argocd "${driver%/*}/argocd" -krowave "$krowave" -examples "$root/examples/shop" \
	-version "$(release "$version")" -work "$(fresh bench)" "$@"
