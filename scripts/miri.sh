#!/usr/bin/env bash
# Miri over what it can run: shared memory, the ring, the frames, the readers of untrusted bytes. What forks, maps memory
# or asks the kernel is out of its reach, which is most of crates/sys; the sanitizers run that.
set -euo pipefail
cd "$(dirname "$0")/.."

if ! cargo +nightly miri --version >/dev/null 2>&1; then
    echo "skipped: Miri is not installed (rustup component add miri rust-src --toolchain nightly)"
    exit 0
fi
export MIRIFLAGS="-Zmiri-disable-isolation" PROPTEST_CASES=4 CONCBENCH_FUZZ_INPUTS=20
cargo +nightly miri test --lib --target-dir target/miri --package concbench-sys --package concbench-model --package concbench-models -- \
    shared environment parse cgroup ring::words process::frame
cargo +nightly miri test --lib --target-dir target/miri -- fuzz::tests::frames fuzz::tests::protocol fuzz::tests::http_answers
