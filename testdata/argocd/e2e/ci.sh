#!/usr/bin/env bash
# The part of the end-to-end tests that every change runs: repo-server v2.14.21. Exit code 75 says that Argo CD
# is not built and could not be built in KROWAVE_E2E_BUILD_SECONDS.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
version=v2.14.21
"$here/../../../.ci/build" "$here/build.sh" "$version" >/dev/null
"$here/reposerver.sh" "$version"
