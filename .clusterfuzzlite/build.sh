#!/bin/bash -eu
# Builds every fuzz target that make fuzz runs, with the inputs in the tree as its first corpus. OSS-Fuzz runs it in
# the image of the Dockerfile, which has compile_native_go_fuzzer_v2; OUT is where targets go.
.ci/fuzz-targets | while read -r package target; do
	compile_native_go_fuzzer_v2 "$(go list -m)/$package" "$target" "$target"
	corpus=$package/testdata/fuzz/$target
	if [ -d "$corpus" ]; then
		zip -q -r -j "$OUT/${target}_seed_corpus.zip" "$corpus"
	fi
done
