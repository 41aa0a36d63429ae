#!/usr/bin/env bash
# The parts of the end-to-end tests that every change runs, with v2.14.21: repo-server, or with the argument
# "delegate" three Applications that share an RGD. Exit code 75 says that what they need is not built and could not
# be built in KROWAVE_E2E_BUILD_SECONDS.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
version=v2.14.21
ci=$here/../../../.ci
"$ci/build" "$here/build.sh" "$version" >/dev/null
case ${1:-} in
"") "$here/reposerver.sh" "$version" ;;
delegate)
	"$ci/build" "$here/../../kubernetes/build.sh" >/dev/null
	"$here/delegate.sh" -shared 3 "$version"
	;;
*) echo "usage: ci.sh [delegate]" >&2; exit 2 ;;
esac
