#!/usr/bin/env bash
# Licences, advisories, sources and duplicates of every dependency: deny.toml says what is allowed.
set -euo pipefail
cd "$(dirname "$0")/.."

if ! command -v cargo-deny >/dev/null; then
    cargo install --locked cargo-deny
fi
cargo deny check bans licenses sources

if cargo deny fetch db; then
    cargo deny check advisories
else
    echo "skipped: advisories need the database of RustSec, which cannot be fetched from here" >&2
fi
