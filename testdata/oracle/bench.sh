#!/bin/sh
# Times kro's engine and krowave's on the same graph and instances, in turn, and prints ratios: a
# machine's speed drifts, a ratio of neighbours in one run does not.
#
#   testdata/oracle/bench.sh [ROUNDS]
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
rounds=${1:-5}
oracle=$("$here/build.sh")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$root"
CGO_ENABLED=0 go build -trimpath -o "$work/krowave" .
go test -c -o "$work/render.test" ./render

figure() { sed -n "/\"$1\"/,/}/s/.*\"nsPerOp\": \([0-9]*\).*/\1/p" "$2"; }
ns() { awk -v name="$1" '$1 ~ "^" name "(-[0-9]+)?$" { print $3 }' "$2"; }
now() { date +%s%N; }
median() { sort -n | awk '{ a[NR] = $1 } END { print a[int((NR + 1) / 2)] }'; }

i=0
while [ "$i" -lt "$rounds" ]; do
	i=$((i + 1))
	GOMAXPROCS=1 "$oracle" -bench 1000 testdata/bench >"$work/kro.$i"
	(cd render && GOMAXPROCS=1 "$work/render.test" -test.run '^$' -test.bench 'Instance/both|Compile|Fleet' \
		-test.benchtime 0.5s) >"$work/ours.$i"
	start=$(now)
	"$work/krowave" render testdata/bench >/dev/null
	cold=$(($(now) - start))
	kro=$(figure perInstance "$work/kro.$i")
	echo "$(awk -v a="$kro" -v b="$(ns BenchmarkInstance/both "$work/ours.$i")" 'BEGIN { print a / b }')" >>"$work/instance"
	echo "$(awk -v a="$(figure cachedBuild "$work/kro.$i")" -v b="$(ns BenchmarkCompile "$work/ours.$i")" 'BEGIN { print a / b }')" >>"$work/compile"
	echo "$(awk -v a="$(figure coldBuild "$work/kro.$i")" -v b="$cold" 'BEGIN { print a / b }')" >>"$work/cold"
	echo "$(awk -v a="$(ns BenchmarkFleet/render "$work/ours.$i")" -v b="$(ns BenchmarkFleet/decode-encode "$work/ours.$i")" 'BEGIN { print a / b }')" >>"$work/fleet"
done
tail -n +1 "$work/ours.$rounds" | grep '^Benchmark' || true
echo "medians of $rounds rounds, kro v0.9.4 and krowave in turn, one core:"
printf '  an instance, admission and expansion:       krowave is %.1f times as fast as kro\n' "$(median <"$work/instance")"
printf '  a graph, schemas cached:                    krowave is %.1f times as fast as kro\n' "$(median <"$work/compile")"
printf '  a whole krowave process, one instance:      %.1f times as fast as kro'"'"'s cold graph build alone\n' "$(median <"$work/cold")"
printf '  1,000 instances from files to YAML:         %.2f times decoding and encoding alone\n' "$(median <"$work/fleet")"
