#!/usr/bin/env bash
# What is tested before each change is kept, the fast checks first: about eleven minutes on two cores once it is built. What takes
# longer is in test-long.sh. Nothing measured here means anything: it is built to be tested.
set -euo pipefail
cd "$(dirname "$0")/.."

step() { printf '\n== %s\n' "$1"; }
# Everything is built as a part of the whole workspace: one package by itself would have its libraries with fewer features,
# and built again.

step "format and lints"
make lint

step "documentation"
RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --quiet

step "unit and integration tests"
cargo test --workspace
