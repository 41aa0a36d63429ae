#!/usr/bin/env bash
# Builds Flux's source-controller and kustomize-controller once, from the Go module proxy, and prints the
# directory that holds them and, in crds, their CustomResourceDefinitions.
#
#   testdata/flux/e2e/build.sh           builds what is missing: half an hour of CPU time
#   testdata/flux/e2e/build.sh cached    exits with 3 when something is missing
#
# FLUX_CONTROLLERS is the version of both (v1.9.5, those of Flux 2.9.5); KROWAVE_CACHE says where they are
# kept, BUILD_JOBS how many compilers run at once.
set -euo pipefail
version=${FLUX_CONTROLLERS:-v1.9.5}
cache=${KROWAVE_CACHE:-$HOME/.cache/krowave}
bin=$cache/flux/$version
source=$cache/src/flux-$version
controllers=(github.com/fluxcd/source-controller github.com/fluxcd/kustomize-controller)

built() { [ -x "$bin/source-controller" ] && [ -x "$bin/kustomize-controller" ] && [ -d "$bin/crds" ]; }

if built; then echo "$bin"; exit 0; fi
if [ "${1:-}" = cached ]; then
	echo "build.sh: Flux's controllers $version are not in $cache" >&2
	exit 3
fi

# The go.mod files of both controllers replace these modules, and replacements do not reach a dependent. One
# release of pkg/artifact that they pin is not on the proxy; the one named here has the same code.
module() {
	rm -rf "$source"
	mkdir -p "$source"
	cd "$source"
	cat >go.mod <<'MOD'
module build

go 1.26.0

replace (
	github.com/fluxcd/pkg/artifact => github.com/fluxcd/pkg/artifact v0.18.1
	github.com/opencontainers/go-digest => github.com/opencontainers/go-digest v1.0.1-0.20220411205349-bde1400a84be
	gopkg.in/yaml.v3 => gopkg.in/yaml.v3 v3.0.1
	sigs.k8s.io/kustomize/api => sigs.k8s.io/kustomize/api v0.21.1
	sigs.k8s.io/kustomize/kyaml => sigs.k8s.io/kustomize/kyaml v0.21.1
)
MOD
	printf '//go:build tools\n\npackage tools\n\nimport (\n' >tools.go
	printf '\t_ "%s"\n' "${controllers[@]}" >>tools.go
	printf ')\n' >>tools.go
	if ! go get "${controllers[@]/%/@$version}" >get.log 2>&1; then
		tail -5 get.log >&2
		exit 1
	fi
}

mkdir -p "$bin"
module
for controller in "${controllers[@]}"; do
	name=${controller##*/}
	[ ! -x "$bin/$name" ] || continue
	echo "building $name $version: more than ten minutes of CPU time" >&2
	nice -n 15 go build -p "${BUILD_JOBS:-$(nproc)}" -trimpath -ldflags '-s -w' -o "$bin/$name.tmp" "$controller"
	mv "$bin/$name.tmp" "$bin/$name"
done
rm -rf "$bin/crds.tmp"
mkdir -p "$bin/crds.tmp"
for controller in "${controllers[@]}"; do
	cp "$(go list -m -f '{{.Dir}}' "$controller")"/config/crd/bases/*.yaml "$bin/crds.tmp/"
done
chmod -R u+w "$bin/crds.tmp"
mv "$bin/crds.tmp" "$bin/crds"
echo "$bin"
