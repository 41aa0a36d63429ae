#!/bin/sh
# Compares krowave with kro v0.9.4: every case of testdata/kro is expanded by kro's own engine, which
# must give what expected.json says, and by krowave, which must give the same. What needs a cluster is then
# rendered with --runtime=delegate, and kro must make of the residual what it makes of the original.
#
#   testdata/oracle/conformance.sh [CORPUS]
#
# With KRO=v0.10.0, say, that release of kro is asked, and krowave renders with --kro-version for it.
# CORPUS is a folder with cases/NAME, and perhaps expected/NAME.json, to be compared as well.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
corpus=${1:-${CORPUS:-}}
[ -z "$corpus" ] || corpus=$(cd "$corpus" && pwd)

oracle=$("$here/build.sh")
case ${KRO:-} in '' | v0.9.*) ;; *)
	work=$(mktemp -d)
	trap 'rm -rf "$work"' EXIT
	"$oracle" -all "$root/testdata/kro" -out "$work"
	[ -z "$corpus" ] || "$oracle" -all "$corpus/cases" -out "$work"
	cd "$root"
	KROWAVE_CORPUS=$corpus KROWAVE_KRO=$KRO KROWAVE_KRO_ANSWERS=$work ${GOTEST:-go test} -count=1 -v -run '^TestRelease$' ./plugin/conformance
	exit
	;;
esac
"$oracle" -all "$root/testdata/kro" -check

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if [ -n "$corpus" ]; then
	"$oracle" -all "$corpus/cases" -out "$work/expected"
	KROWAVE_CORPUS=$corpus KROWAVE_CORPUS_ANSWERS=$work/expected
	export KROWAVE_CORPUS KROWAVE_CORPUS_ANSWERS
fi
cd "$root"
status=0
${GOTEST:-go test} -count=1 -v -run '^TestBinding$' ./render >"$work/log" 2>&1 || status=$?
KROWAVE_ORACLE=$oracle ${GOTEST:-go test} -count=1 -timeout 30m -v -run '^Test(Conformance|Delegate|Encode|ObservedObjects)$' ./plugin/conformance >>"$work/log" 2>&1 || status=$?
grep -Ev '^ *(=== (RUN|PAUSE|CONT|NAME)|--- PASS)' "$work/log" || true
exit $status
