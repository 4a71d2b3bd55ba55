#!/usr/bin/env bash
# What the models execute beside the work, in instructions: a table in Markdown on standard output.
set -euo pipefail
cd "$(dirname "$0")/.."

if ! command -v valgrind >/dev/null; then
  echo "overhead: there is no valgrind; install it with: apt-get install valgrind (or dnf, pacman, zypper)" >&2
  exit 1
fi
cargo bench --bench models -- --instructions
