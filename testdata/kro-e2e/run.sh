#!/usr/bin/env bash
# Compares krowave with the real kro controller on a real kube-apiserver.
#
#   testdata/kro-e2e/run.sh [FLAG]... [CASES]...
#
# CASES are folders of case folders, besides testdata/kro. Flags are those of the program beside this
# script, such as -only REGEXP and -parts static. KROWAVE_BINARY names a krowave to test instead of
# building one, WORK a directory that is kept, KROWAVE_CACHE where built programs are. With
# KROWAVE_E2E_ALL=1 every case is compared, not only a sample.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)

folders=("$root/testdata/kro")
flags=()
while [ $# -gt 0 ]; do
	case $1 in
	-*=*) flags+=("$1") ;;
	-*) flags+=("$1" "${2:?$1 needs a value}"); shift ;;
	*) folders+=("$(cd "$1" && pwd)") ;;
	esac
	shift
done
if [ "${KROWAVE_E2E_ALL:-}" = 1 ]; then flags=(-static 0 -runtime 0 "${flags[@]}"); fi

work=${WORK:-}
if [ -z "$work" ]; then
	work=$(mktemp -d)
	trap 'rm -rf "$work"' EXIT
fi
mkdir -p "$work"
work=$(cd "$work" && pwd -P)
rm -rf "$work"/static-* "$work"/delegate-* "$work/cases"

"$root/testdata/kubernetes/build.sh" >/dev/null
{ read -r kro; read -r crds; } < <("$root/testdata/kubernetes/kro.sh")

krowave=${KROWAVE_BINARY:-}
if [ -z "$krowave" ]; then
	krowave=$work/krowave
	(cd "$root" && CGO_ENABLED=0 go build -trimpath -o "$krowave" .)
fi
rm -rf "$work/answers"
for folder in "${folders[@]}"; do "$("$root/testdata/oracle/build.sh")" -all "$folder" -out "$work/answers"; done
(cd "$here" && go build -o "$work/kroe2e" .)
"$work/kroe2e" -krowave "$krowave" -kro "$kro" -kro-crds "$crds" -answers "$work/answers" -work "$work" ${flags[@]+"${flags[@]}"} "${folders[@]}"
