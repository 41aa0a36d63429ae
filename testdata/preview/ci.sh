#!/usr/bin/env bash
# The pages of krowave preview: that the committed ones are what the sources make, and what a person and a hostile
# repository do in Chromium. Exit code 75 says that Node.js, its packages or Chromium are not here and could not be had
# in KROWAVE_E2E_BUILD_SECONDS. Pictures are left in KROWAVE_PREVIEW_SHOTS.
set -euo pipefail
cd "$(dirname "$0")/../.."
seconds=${KROWAVE_E2E_BUILD_SECONDS:-600}
not_run() {
	echo "NOT RUN: $1"
	exit 75
}
have() { command -v "$1" >/dev/null 2>&1; }
within() { timeout --kill-after=10 "$((seconds - SECONDS > 1 ? seconds - SECONDS : 1))" "$@"; }

have node || not_run "there is no Node.js"
cd plugin/preview/web
if ! [ node_modules/.package-lock.json -nt package-lock.json ]; then
	# npm ci wants an entry for every optional package, also for one for Windows that a registry may lack; npm
	# install takes the versions of the lock file without it.
	{ within npm ci --ignore-scripts --no-audit --no-fund || within npm install --no-save --ignore-scripts --no-audit --no-fund; } >/dev/null 2>&1 || not_run "the packages of the pages could not be had in ${seconds}s"
	touch node_modules/.package-lock.json
fi
npm run --silent check
chromium=$(command -v chromium || command -v chromium-browser || command -v google-chrome || true)
if [ -z "$chromium" ] && have apt-get && [ "$(id -u)" = 0 ]; then
	{ within apt-get update -qq && within apt-get install -y -qq chromium; } >/dev/null 2>&1 || true
	chromium=$(command -v chromium || true)
fi
[ -n "$chromium" ] || not_run "there is no Chromium, and none could be installed in ${seconds}s"
cd ../../..
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
go build -o "$work/krowave" .
cd plugin/preview/web
KROWAVE=$work/krowave CHROMIUM=$chromium timeout 900 npm run --silent e2e
if [ -d /proc/self/fdinfo ]; then
	cd ../../..
	KROWAVE_SOAK_SAVES=100 KROWAVE=$work/krowave CHROMIUM=$chromium timeout 600 testdata/preview/soak.sh
fi
echo "pictures: ${KROWAVE_PREVIEW_SHOTS:-${TMPDIR:-/tmp}/krowave-preview}"
