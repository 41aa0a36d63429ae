#!/bin/sh
# Builds the oracle once per content of its sources, and prints where it is. KRO names another version of kro than
# go.mod does, such as v0.10.0: the module proxy must have it.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cd "$here"
pinned=$(sed -n 's/.*github.com\/kubernetes-sigs\/kro \(v[^ ]*\).*/\1/p' go.mod)
kro=${KRO:-$pinned}
digest=$( (cat go.mod go.sum ./*.go && echo "$kro") | git hash-object --stdin | cut -c1-16)
binary=${KROWAVE_CACHE:-$HOME/.cache/krowave}/oracle-$digest
[ ! -x "$binary" ] || {
	echo "$binary"
	exit 0
}
mkdir -p "$(dirname "$binary")"
flags="-X main.kroVersion=$kro"
if [ "$kro" = "$pinned" ]; then
	go build -ldflags "$flags" -o "$binary.$$" . >&2
	mv "$binary.$$" "$binary"
	echo "$binary"
	exit 0
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp go.mod go.sum ./*.go "$work"
cd "$work"
if ! go list -m "github.com/kubernetes-sigs/kro@$kro" >"$work/log" 2>&1; then
	echo "kro $kro is not available: the module proxy does not serve it. Released are:" >&2
	go list -m -versions github.com/kubernetes-sigs/kro 2>/dev/null | cut -d' ' -f2- >&2 || true
	exit 1
fi
go get "github.com/kubernetes-sigs/kro@$kro" >&2
api=""
for package in pkg/graph pkg/runtime pkg/graphengine; do
	if go list "github.com/kubernetes-sigs/kro/$package/..." 2>/dev/null | grep -q .; then api="$api $package"; fi
done
echo "kro $kro has the packages:$api" >&2
if ! { go mod tidy && go build -ldflags "$flags" -o "$binary.$$" .; } >&2; then
	echo "kro $kro has another API than v0.9.4 (pkg/graph and pkg/runtime), for which testdata/oracle is written: adapt engine.go, expand.go and definition.go" >&2
	exit 1
fi
mv "$binary.$$" "$binary"
echo "$binary"
