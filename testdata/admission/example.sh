#!/bin/sh
# Renders examples/azure with the CRDs that its crds.sh makes, which are kept in the cache.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
cache=${KROWAVE_CACHE:-$HOME/.cache/krowave}/azure-$(git hash-object "$root/examples/azure/crds.sh" | cut -c1-16)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp -R "$root/examples/azure" "$work/azure"
if [ ! -d "$cache" ]; then
	rm -rf "$work/azure/crds"
	"$work/azure/crds.sh" >/dev/null
	mkdir -p "$(dirname "$cache")"
	cp -R "$work/azure/crds" "$cache.$$"
	mv "$cache.$$" "$cache"
fi
rm -rf "$work/azure/crds"
cp -R "$cache" "$work/azure/crds"
cd "$root"
go build -o "$work/krowave" .
cd "$work/azure"
"$work/krowave" render todo storage >"$work/objects.yaml"
for value in todo-db todo-tasks; do
	grep -q "value: $value\$" "$work/objects.yaml" || { echo "no value $value in" >&2; cat "$work/objects.yaml" >&2; exit 1; }
done
echo "$(grep -c '^---$' "$work/objects.yaml") objects"
