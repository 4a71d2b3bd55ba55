#!/usr/bin/env bash
# What is tested before each change is kept, the fast checks first: under ten minutes on two cores once it is built. What takes
# longer is in test-long.sh. Nothing measured here means anything: it is built to be tested.
set -euo pipefail
cd "$(dirname "$0")/.."

step() { printf '\n== %s\n' "$1"; }
# Everything is built as a part of the whole workspace: one package by itself would have its libraries with fewer features,
# and built again.

step "format"
cargo fmt --all --check

step "lints"
cargo clippy --workspace --all-targets -- -D warnings
# Those that are run apart are no part of all targets.
cargo clippy --workspace --test faults --test sharing -- -D warnings

step "documentation"
RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --quiet

step "unit and integration tests"
cargo test --workspace
