#!/usr/bin/env bash
# Saves below a preview: 2,000, or KROWAVE_SOAK_SAVES. What the server and the page hold must not grow. Needs Linux and
# what make e2e-preview installs; KROWAVE names a program that is built already.
set -euo pipefail
cd "$(dirname "$0")/../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if [ -z "${KROWAVE:-}" ]; then
	KROWAVE=$work/krowave
	go build -o "$KROWAVE" .
fi
cd plugin/preview/web
KROWAVE=$KROWAVE CHROMIUM=${CHROMIUM:-$(command -v chromium || command -v chromium-browser || command -v google-chrome)} node e2e/soak.mjs
