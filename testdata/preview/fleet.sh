#!/usr/bin/env bash
# How fast the preview of 10,000 instances is, and what it takes. KROWAVE_FLEET_ROUNDS says how often each is measured,
# default 5. Needs what make e2e-preview installs, and a machine that does nothing else.
set -euo pipefail
cd "$(dirname "$0")/../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
go build -o "$work/krowave" .
go run ./plugin/preview/testdata/fleet "$work/fleet"
cd plugin/preview/web
KROWAVE_FLEET=$work/fleet KROWAVE=$work/krowave CHROMIUM=${CHROMIUM:-$(command -v chromium || command -v chromium-browser || command -v google-chrome)} node e2e/fleet.mjs
