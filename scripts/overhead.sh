#!/usr/bin/env bash
# What the models execute beside the work, in instructions: a table in Markdown on standard output. With `fat` or `thin` as
# its argument the same of a build that is optimised as a whole, in which the work has to be work as well.
set -euo pipefail
cd "$(dirname "$0")/.."

if ! command -v valgrind >/dev/null; then
  echo "overhead: there is no valgrind; install it with: apt-get install valgrind (or dnf, pacman, zypper)" >&2
  exit 1
fi
if [ -n "${1:-}" ]; then
  export CARGO_PROFILE_BENCH_LTO=$1 CARGO_TARGET_DIR=target/lto
fi
cargo bench --bench models -- --instructions
