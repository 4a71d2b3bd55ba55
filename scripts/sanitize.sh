#!/usr/bin/env bash
# The unit tests under AddressSanitizer, and those of the models' inner workings under ThreadSanitizer, which needs the
# standard library to be built with it too. Both need a nightly toolchain; the second its component rust-src.
set -euo pipefail
cd "$(dirname "$0")/.."
host=$(rustc -vV | sed -n 's/^host: //p')

echo "== AddressSanitizer"
# Leaks are what statics that live as long as the process look like.
RUSTFLAGS="-Zsanitizer=address" ASAN_OPTIONS=detect_leaks=0 \
    cargo +nightly test --workspace --lib --target "$host" --target-dir target/asan

if [ -d "$(rustc +nightly --print sysroot)/lib/rustlib/src/rust/library" ]; then
    echo "== ThreadSanitizer"
    RUSTFLAGS="-Zsanitizer=thread" \
        cargo +nightly test --lib --target "$host" --target-dir target/tsan -Zbuild-std \
        --package concbench-sys --package concbench-model --package concbench-models
    RUSTFLAGS="-Zsanitizer=thread" \
        cargo +nightly test --lib --target "$host" --target-dir target/tsan -Zbuild-std -- runner::
else
    echo "skipped: ThreadSanitizer needs rust-src (rustup component add rust-src --toolchain nightly)"
fi
