#!/usr/bin/env bash
# The part of the end-to-end tests that every change runs: repo-server v2.14.21, when Argo CD is built
# already or KROWAVE_E2E_BUILD_SECONDS (0) are enough to build it. Otherwise it says NOT RUN.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
version=v2.14.21
budget=${KROWAVE_E2E_BUILD_SECONDS:-0}
status=0
"$here/build.sh" "$version" cached >/dev/null 2>&1 || status=$?
if [ "$status" = 3 ] && [ "$budget" = 0 ]; then
	echo "NOT RUN: repo-server $version is not built here; make e2e-argocd builds it, or KROWAVE_E2E_BUILD_SECONDS=1800 here"
	exit 0
elif [ "$status" = 3 ]; then
	status=0
	timeout "$budget" "$here/build.sh" "$version" || status=$?
	if [ "$status" = 124 ]; then
		echo "NOT RUN: repo-server $version could not be built in $budget seconds"
		exit 0
	fi
fi
"$here/reposerver.sh" "$version"
