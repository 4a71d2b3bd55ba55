#!/usr/bin/env bash
# What is tested beside test.sh: every quick fault, every shared object with its doubles, criterion, and pages in a browser.
set -euo pipefail
cd "$(dirname "$0")/.."

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
step() { printf '\n== %s\n' "$1"; }

step "faults"
cargo test --workspace --test faults

step "what tasks share: every object, and what breaks it"
cargo test --workspace --test sharing

step "every cell of the default matrix, once, through criterion"
CRITERION_HOME="$folder/criterion" cargo bench --profile dev --workspace --bench concurrency -- --test

step "reports in a browser: a full one, hostile and odd ones, a comparison"
tests/browser/setup.sh
# One browser at a time: four of them on two cores only wait for each other.
cargo test --workspace --test report_browser -- --ignored --test-threads=1

step "a tiny run, and its report in a browser"
cargo build --quiet --workspace --bins
"${CARGO_TARGET_DIR:-target}/debug/concbench" run --quick --blocks 2 --quiet --out "$folder" 'factorial|sleep'
node tests/browser/check.mjs "$folder/latest/index.html"
