#!/usr/bin/env bash
# Miri over what it can run: shared memory, the ring, the frames, the readers of untrusted bytes. What forks, maps memory
# or asks the kernel is out of its reach, which is most of src/sys; the sanitizers run that.
set -euo pipefail
cd "$(dirname "$0")/.."

if ! cargo +nightly miri --version >/dev/null 2>&1; then
    echo "skipped: Miri is not installed (rustup component add miri rust-src --toolchain nightly)"
    exit 0
fi
MIRIFLAGS="-Zmiri-disable-isolation" PROPTEST_CASES=4 CONCBENCH_FUZZ_INPUTS=20 \
    cargo +nightly miri test --lib --target-dir target/miri -- \
    model::process::shm::ring model::process::frame sys:: fuzz::frames fuzz::protocol fuzz::http_answers
