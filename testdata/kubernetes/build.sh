#!/usr/bin/env bash
# Builds etcd, kube-apiserver and kube-controller-manager once, from the Go module proxy, and prints
# the directory they are in. KROWAVE_CACHE says where they are kept, BUILD_JOBS how many compilers run at once.
# With the argument "cached" it builds nothing, and exits with 3 when something is missing.
set -euo pipefail
kubernetes=${KUBERNETES_VERSION:-v1.36.3}
etcd=${ETCD_VERSION:-v3.6.16}
cache=${KROWAVE_CACHE:-$HOME/.cache/krowave}
bin=$cache/bin
jobs=${BUILD_JOBS:-$(nproc)}

is() { [ -x "$bin/$1" ] && [ "$(cat "$bin/$1.version" 2>/dev/null)" = "$2" ]; }

# Makes an empty module in which to build the packages of another one.
module() { # DIRECTORY MODULE VERSION PACKAGE...
	local directory=$1 name=$2 version=$3
	shift 3
	rm -rf "$directory"
	mkdir -p "$directory"
	cd "$directory"
	printf 'module build\n\ngo 1.26.0\n\nrequire %s %s\n' "$name" "$version" >go.mod
	{
		printf '//go:build tools\n\npackage tools\n\nimport (\n'
		printf '\t_ "%s"\n' "$@"
		printf ')\n'
	} >tools.go
}

build_etcd() (
	echo "building etcd $etcd" >&2
	module "$cache/src/etcd" go.etcd.io/etcd/server/v3 "$etcd" go.etcd.io/etcd/server/v3
	go mod tidy >tidy.log 2>&1
	nice go build -p "$jobs" -ldflags '-s -w' -o "$bin/etcd" go.etcd.io/etcd/server/v3
	echo "$etcd" >"$bin/etcd.version"
)

build_kubernetes() (
	local packages=(k8s.io/kubernetes/cmd/kube-apiserver k8s.io/kubernetes/cmd/kube-controller-manager) modfile staging x
	echo "building kube-apiserver and kube-controller-manager $kubernetes" >&2
	module "$cache/src/kubernetes" k8s.io/kubernetes "$kubernetes" "${packages[@]}"
	# k8s.io/kubernetes replaces its staging modules by directories; a dependent pins their releases.
	modfile=$(go mod download -json "k8s.io/kubernetes@$kubernetes" | sed -n 's/^.*"GoMod": "\(.*\)".*$/\1/p')
	sed -n 's#^[[:space:]]*\(k8s.io/[a-z0-9-]*\) => ./staging/.*#\1#p' "$modfile" | while read -r staging; do
		go mod edit -replace "$staging=$staging@v0.${kubernetes#v1.}"
	done
	go mod tidy >tidy.log 2>&1
	x=k8s.io/component-base/version
	nice go build -p "$jobs" -ldflags "-s -w -X $x.gitVersion=$kubernetes -X $x.gitMajor=1 -X $x.gitMinor=$(echo "$kubernetes" | cut -d. -f2)" \
		-o "$bin/" "${packages[@]}"
	echo "$kubernetes" >"$bin/kube-apiserver.version"
	echo "$kubernetes" >"$bin/kube-controller-manager.version"
)

if is etcd "$etcd" && is kube-apiserver "$kubernetes" && is kube-controller-manager "$kubernetes"; then
	echo "$bin"
	exit 0
elif [ "${1:-}" = cached ]; then
	exit 3
fi
mkdir -p "$bin"
is etcd "$etcd" || build_etcd
if ! is kube-apiserver "$kubernetes" || ! is kube-controller-manager "$kubernetes"; then build_kubernetes; fi
echo "$bin"
