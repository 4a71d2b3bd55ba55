#!/usr/bin/env bash
# Builds every package as a registry would get it, installs the program from here, and runs it in an empty folder.
set -euo pipefail
cd "$(dirname "$0")/.."

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

cargo package --workspace --locked
cargo install --path . --locked --root "$folder/root"
mkdir "$folder/empty"
cd "$folder/empty"
"$folder/root/bin/concbench" --version
"$folder/root/bin/concbench" doctor
echo "all as it should be"
