#!/bin/sh
# Builds the oracle once per content of its sources, and prints where it is.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cd "$here"
digest=$(cat go.mod go.sum ./*.go | git hash-object --stdin | cut -c1-16)
binary=${KROWAVE_CACHE:-$HOME/.cache/krowave}/oracle-$digest
if [ ! -x "$binary" ]; then
	mkdir -p "$(dirname "$binary")"
	go build -o "$binary.$$" . >&2
	mv "$binary.$$" "$binary"
fi
echo "$binary"
