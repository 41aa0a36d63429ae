# Sourced by the scripts beside it: krowave is the binary under test, root the top of this repository.
root=$(cd "$here/../../.." && pwd)
work=${WORK:-}
if [ -z "$work" ]; then
	work=$(mktemp -d)
	trap 'rm -rf "$work"' EXIT
fi
krowave=${KROWAVE_BINARY:-}
if [ -z "$krowave" ]; then
	krowave=$work/krowave
	(cd "$root" && CGO_ENABLED=0 go build -trimpath -o "$krowave" .)
fi

# fresh prints a directory below work that is empty.
fresh() {
	rm -rf "${work:?}/$1"
	mkdir -p "$work/$1"
	(cd "$work/$1" && pwd -P)
}

# release is what krowave argocd health calls a version.
release() {
	case $1 in v2.14.*) echo 2.14 ;; *) echo 3 ;; esac
}
