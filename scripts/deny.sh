#!/usr/bin/env bash
# Licences, advisories, sources and duplicates of every dependency: deny.toml says what is allowed.
set -euo pipefail
cd "$(dirname "$0")/.."

if ! command -v cargo-deny >/dev/null; then
    cargo install --locked cargo-deny
fi
cargo deny check
