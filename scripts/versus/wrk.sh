#!/usr/bin/env bash
# Holds the clients of the experiment `serving` against wrk, on the same HTTP servers in one sitting.
set -euo pipefail
cd "$(dirname "$0")/../.."

command -v wrk >/dev/null || { echo "wrk is missing: install the package \`wrk\`" >&2; exit 1; }
cargo run --quiet --release -p concbench-serving --example versus_wrk
