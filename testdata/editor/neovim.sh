#!/usr/bin/env bash
# Drives `krowave lsp` with Neovim (0.7 or newer), without a terminal, in a copy of
# examples/shop. usage: testdata/editor/neovim.sh
set -euo pipefail
cd "$(dirname "$0")/../.."
command -v nvim >/dev/null || { echo "nvim is not installed"; exit 1; }
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
go build -o "$dir/krowave" .
mkdir "$dir/repository"
cp -r examples/shop/. "$dir/repository"
script=$PWD/testdata/editor/neovim.lua
cd "$dir/repository"
git init -q .
KROWAVE=$dir/krowave FILE=$(grep -rl 'kind: ResourceGraphDefinition' . | sort | head -1) FROM='${schema.spec.' TO='${schema.spek.' \
  nvim --headless -u NONE -i NONE -n -S "$script" 2>&1 | tee "$dir/log"
echo
grep -q 'findings before: 0' "$dir/log" && grep -q 'did you mean spec' "$dir/log" && grep -q 'offered: metadata' "$dir/log" || { echo "not what was expected"; exit 1; }
