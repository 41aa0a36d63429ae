#!/usr/bin/env bash
# Builds Argo CD and the driver of the tests once, from the Go module proxy, and prints where they are.
#
#   testdata/argocd/e2e/build.sh VERSION          v2.14.21 or v3.6.1
#   testdata/argocd/e2e/build.sh VERSION cached   exits with 3 when Argo CD itself is not built yet
#
# One binary is repo-server, plugin server and application controller. The driver is compiled inside
# Argo CD's own module, so that what it sends is what that release's client sends. KROWAVE_CACHE says
# where both are kept, BUILD_JOBS how many compilers run at once.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
version=${1:?usage: build.sh VERSION [cached]}
case $version in v2.* | v3.*) major=${version%%.*} ;; *) echo "build.sh: no such version of Argo CD: $version" >&2; exit 2 ;; esac
module=github.com/argoproj/argo-cd/$major
cache=${KROWAVE_CACHE:-$HOME/.cache/krowave}
bin=$cache/argocd/$version
source=$cache/src/argo-cd-$version

if [ "${2:-}" = cached ] && [ ! -x "$bin/argocd" ]; then
	echo "build.sh: Argo CD $version is not in $cache" >&2
	exit 3
fi

# The go directive decides the toolchain, unless the installed one is newer: of 1.27, a patch release
# that is known to build it.
toolchain() {
	local have
	have=$(GOTOOLCHAIN=local go env GOVERSION)
	if [ "$(printf '%s\n%s\n' "$1" "${have#go}" | sort -V | head -1)" = "$1" ]; then echo local; return; fi
	case $1 in 1.27.*) echo go1.27.4 ;; *) echo "go$1" ;; esac
}

directive() { sed -n 's/^go //p' "$1"; }

fetch() {
	local modfile dir
	echo "fetching $module@$version" >&2
	rm -rf "$source.tmp"
	mkdir -p "$source.tmp"
	modfile=$(cd "$source.tmp" && go list -m -f '{{.GoMod}}' "$module@$version")
	dir=$(cd "$source.tmp" && GOTOOLCHAIN=$(toolchain "$(directive "$modfile")") go mod download -json "$module@$version" |
		sed -n 's/^.*"Dir": "\(.*\)".*$/\1/p')
	cp -r "$dir/." "$source.tmp/"
	chmod -R u+w "$source.tmp"
	mv "$source.tmp" "$source"
}

# What a module's zip lacks: the web interface, which is embedded, and a nested module that go.mod
# replaces by its directory.
complete() {
	local nested
	mkdir -p ui/dist/app/assets/images/resources
	echo none >ui/dist/app/index.html
	echo none >ui/dist/app/assets/images/resources/none.svg
	for nested in $(sed -n 's#^.*\(github.com/argoproj/argo-cd/gitops-engine[^ ]*\) => \./gitops-engine.*#\1#p' go.mod); do
		go mod edit -dropreplace "$nested"
		GOFLAGS=-mod=mod go mod download "$nested@$(go list -m -f '{{.Version}}' "$nested" 2>/dev/null || sed -n "s#^[[:space:]]*$nested \(v[^ ]*\).*#\1#p" go.mod | head -1)"
	done
}

[ -d "$source" ] || fetch
mkdir -p "$bin"
cd "$source"
GOTOOLCHAIN=$(toolchain "$(directive go.mod)")
export GOTOOLCHAIN
jobs=${BUILD_JOBS:-$(nproc)}

if [ ! -x "$bin/argocd" ]; then
	complete
	echo "building Argo CD $version: more than ten minutes of CPU time" >&2
	nice go build -p "$jobs" -ldflags "-s -w -X $module/common.version=${version#v}" -o "$bin/argocd.tmp" ./cmd
	mv "$bin/argocd.tmp" "$bin/argocd"
fi
# The release's image has these on its PATH; a module's zip has no file modes.
install -m 0755 hack/*-wrapper.sh "$bin/"

digest=$(cat "$here"/driver/*.go | git hash-object --stdin | cut -c1-16)
driver=$bin/krowave-e2e-$digest
if [ ! -x "$driver" ]; then
	rm -rf cmd/krowave-e2e
	mkdir -p cmd/krowave-e2e
	for file in "$here"/driver/*.go; do
		sed "s#argoproj/argo-cd/v2#argoproj/argo-cd/$major#" "$file" >"cmd/krowave-e2e/${file##*/}"
	done
	echo "building the driver for Argo CD $version" >&2
	rm -f "$bin"/krowave-e2e-*
	nice go build -p "$jobs" -ldflags '-s -w' -o "$driver.tmp" cmd/krowave-e2e/*.go
	mv "$driver.tmp" "$driver"
fi
echo "$driver"
