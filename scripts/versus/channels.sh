#!/usr/bin/env bash
# Channels beside tools that share no code with concbench, on one machine in one sitting: round trips over a pipe beside
# `perf bench sched pipe`, and both beside CPython's multiprocessing. Run by hand: a busy machine says nothing.
set -euo pipefail
cd "$(dirname "$0")/../.."

cargo build --release --quiet
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT

# As many rounds of each, one after the other, so that a drift meets all alike.
for round in 1 2 3; do
    target/release/concbench run --only messaging --blocks 12 --quiet --out "$out/$round" \
        '^messaging/(pipe|unix-socket|manager|broker)/8/1-to-1/64-kib@' >/dev/null
    if command -v perf >/dev/null; then
        # On one core only: left alone, the kernel puts its two processes on one or two as it likes, and ours are bound.
        taskset -c 0 perf bench --format=simple sched pipe -l 100000 >"$out/perf-one-$round"
    else
        echo "perf is not installed: its lines are left out" >&2
    fi
    for cores in one two; do
        python3 scripts/versus/channels.py "$cores" >"$out/python-$cores-$round"
    done
done
python3 scripts/versus/table.py "$out"
