#!/usr/bin/env bash
# Coverage-guided fuzzing: libFuzzer reads each corpus in fuzz/corpus and goes on with whatever reaches code that nothing has
# reached before, for so many seconds each: 1800, or as the first argument says; of all readers, or those that follow.
# Needs a C++ compiler, and no other toolchain: the pass that instruments is in every one. Writes docs/COVERAGE.md if each
# had half an hour.
set -euo pipefail
cd "$(dirname "$0")/.."

seconds=${1:-1800}
shift || true
targets=("$@")
[ ${#targets[@]} -gt 0 ] || targets=($(ls fuzz/corpus))

code=$(git rev-parse --short HEAD)
git diff --quiet HEAD -- src crates workloads || code="$code and changes of its own"

pass="-Cpasses=sancov-module"
for level in level=4 inline-8bit-counters pc-table trace-compares; do
    pass+=" -Cllvm-args=-sanitizer-coverage-$level"
done
# With a target named, scripts that run while it is built are not instrumented.
host=$(rustc -vV | sed -n 's/^host: //p')
RUSTFLAGS="--cfg fuzzing $pass" cargo build --release --manifest-path fuzz/Cargo.toml --target "$host"
binary=fuzz/target/$host/release/concbench-fuzz

table=$(mktemp)
trap 'rm -f "$table"' EXIT
failed=0
for target in "${targets[@]}"; do
    found=fuzz/target/found/$target
    mkdir -p "$found"
    log=fuzz/target/$target.log
    status=0
    # What was found before comes first, what is found is kept: a longer run goes on where this one ends.
    CONCBENCH_FUZZ_TARGET=$target "$binary" -max_total_time="$seconds" -timeout=20 -rss_limit_mb=1024 -max_len=65536 \
        -artifact_prefix="fuzz/target/$target-" -print_final_stats=1 "$found" "fuzz/corpus/$target" 2>"$log" || status=$?
    reached=$(grep -o 'cov: [0-9]* ft: [0-9]*' "$log" | tail -1)
    first=$(grep -o 'INITED cov: [0-9]*' "$log" | grep -o '[0-9]*$')
    inputs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
    memory=$(sed -n 's/^stat::peak_rss_mb: *//p' "$log")
    findings=0
    if [ "$status" -ne 0 ]; then
        findings=1
        failed=1
        tail -20 "$log" >&2
    fi
    echo "| $target | ${inputs:-0} | ${first:-0} | $(echo "$reached" | cut -d' ' -f2) | $findings | $seconds | ${memory:-0} |" |
        tee -a "$table"
done

if [ "$seconds" -ge 1800 ] && [ ${#targets[@]} -eq "$(ls fuzz/corpus | wc -l)" ]; then
    {
        cat <<TEXT
# Coverage-guided fuzzing

Written by \`make cover\`, on the code of $code: libFuzzer on [the corpus](../fuzz/corpus). *Reached* are edges between blocks of
code, of the whole program: those that the corpus reaches by itself, and those that were reached at the end.

| reader | inputs | reached at first | reached | findings | seconds | most memory, MiB |
| --- | ---: | ---: | ---: | ---: | ---: | ---: |
TEXT
        cat "$table"
    } >docs/COVERAGE.md
fi
exit "$failed"
