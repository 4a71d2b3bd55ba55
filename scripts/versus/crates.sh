#!/usr/bin/env bash
# A channel and a lock beside the benchmarks of their own authors, on one machine in one sitting: crossbeam's `spsc` (by a
# nightly toolchain) and parking_lot's `mutex` with one thread; then each step from their loop to ours. Clones both into the
# cache of the user. Run by hand: a busy machine says nothing.
set -euo pipefail
cd "$(dirname "$0")/../.."

# Outside of this workspace, to which cargo would count them.
sources=${XDG_CACHE_HOME:-$HOME/.cache}/concbench-versus
mkdir -p "$sources"
clone() {
    [ -d "$sources/$1" ] || git clone --quiet --depth 1 "https://github.com/$2" "$sources/$1"
    echo "$1 at $(git -C "$sources/$1" rev-parse --short HEAD)" >&2
}
clone crossbeam crossbeam-rs/crossbeam
clone parking_lot Amanieu/parking_lot
channel() { (cd "$sources/crossbeam/crossbeam-channel" && cargo +nightly bench --quiet --bench crossbeam "$@"); }
cargo build --release --quiet
channel --no-run
(cd "$sources/parking_lot/benchmark" && cargo build --release --quiet --bin mutex)
mutex=$(find "$sources/parking_lot" -name mutex -path '*release/mutex')

out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
# As many rounds of each, one after the other, so that a drift meets all alike.
for round in 1 2 3; do
    target/release/concbench run --only messaging,sharing --blocks 12 --quiet --out "$out/$round" \
        '^(messaging/crossbeam/8/1-to-1/unbounded@two|sharing/thread-lock/thread-spawn@1)$' >/dev/null
    channel -- unbounded::spsc >"$out/crossbeam-$round"
    # One thread, nothing inside and nothing outside, a second.
    "$mutex" 1 0 0 1 3 >"$out/mutex-$round"
done
python3 scripts/versus/crates.py "$out"
# From their loop to what we do, step by step.
cargo run --release --quiet --package concbench-messaging --example versus_crossbeam
cargo run --release --quiet --package concbench-model --example versus_parking_lot
