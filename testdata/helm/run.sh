#!/usr/bin/env bash
# Has Helm 3 and Helm 4 run krowave as their post-renderer. KROWAVE_BINARY names a krowave to test instead of
# building one. Exit code 75 says that a Helm is not built and could not be built in KROWAVE_E2E_BUILD_SECONDS.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
KROWAVE_HELM3=$("$root/.ci/build" "$root/.ci/tool" helm3)
KROWAVE_HELM4=$("$root/.ci/build" "$root/.ci/tool" helm4)
if [ -z "${KROWAVE_BINARY:-}" ]; then
	work=$(mktemp -d)
	trap 'rm -rf "$work"' EXIT
	KROWAVE_BINARY=$work/krowave
	(cd "$root" && CGO_ENABLED=0 go build -o "$KROWAVE_BINARY" .)
fi
export KROWAVE_BINARY KROWAVE_HELM3 KROWAVE_HELM4
cd "$here"
${GOTEST:-go test} -count=1 .
