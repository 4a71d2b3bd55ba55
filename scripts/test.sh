#!/usr/bin/env bash
# Every check there is, the fast ones first. Nothing measured here means anything: it is built to be tested.
set -euo pipefail
cd "$(dirname "$0")/.."

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
step() { printf '\n== %s\n' "$1"; }
# Everything is built as a part of the whole workspace: one package by itself would have its libraries with fewer features,
# and built again.

step "format"
cargo fmt --all --check

step "lints"
cargo clippy --workspace --all-targets -- -D warnings

step "documentation"
RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --quiet

step "unit and integration tests"
cargo test --workspace

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
