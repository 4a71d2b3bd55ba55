#!/usr/bin/env bash
# Coverage-guided fuzzing: libFuzzer reads each corpus in fuzz/corpus and goes on with whatever reaches code that nothing has
# reached before, for so many seconds of CPU time each: 1800, or as the first argument says; of all readers, or those that
# follow; as many at once as there are cores.
# Needs a C++ compiler, and no other toolchain: the pass that instruments is in every one. A reader that had half an hour
# gets its row of docs/COVERAGE.md, with the code that it was; the rows of others stay.
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

# A row for one reader. On a busy machine a fuzzer has had less than its seconds when they are over, and is begun again:
# what was found before comes first, what is found is kept, so that it goes on where it ended.
fuzz() {
    local target=$1 used=0 inputs=0 memory=0 findings=0 first='' reached='' lap status
    local found=fuzz/target/found/$target log=fuzz/target/$target.log
    mkdir -p "$found"
    while [ "$used" -lt "$seconds" ] && [ "$findings" -eq 0 ]; do
        status=0
        TIMEFORMAT='%U %S'
        lap=$({ time CONCBENCH_FUZZ_TARGET=$target "$binary" -max_total_time=$((seconds - used)) -timeout=20 \
            -rss_limit_mb=1024 -max_len=65536 -artifact_prefix="fuzz/target/$target-" -print_final_stats=1 \
            "$found" "fuzz/corpus/$target" 2>"$log"; } 2>&1) || status=$?
        used=$((used + $(awk '{ printf "%d", $1 + $2 + 1 }' <<<"$lap")))
        inputs=$((inputs + $(sed -n 's/^stat::number_of_executed_units: *//p' "$log")))
        memory=$(sed -n 's/^stat::peak_rss_mb: *//p' "$log")
        first=${first:-$(grep -o 'INITED cov: [0-9]*' "$log" | grep -o '[0-9]*$')}
        reached=$(grep -o 'cov: [0-9]* ft: [0-9]*' "$log" | tail -1 | cut -d' ' -f2)
        if [ "$status" -ne 0 ]; then
            findings=1
            tail -20 "$log" >&2
        fi
    done
    local row="| $target | $inputs | $first | $reached | $findings | $used | $memory | $code |"
    echo "$row"
    [ "$seconds" -lt 1800 ] || echo "$row" >"$rows/$target"
    return "$findings"
}

# The rows of the document, a file for each, so that two readers which end at once write apart; and what stands below them.
rows=$(mktemp -d)
trap 'rm -rf "$rows"' EXIT
remarks=
if [ -e docs/COVERAGE.md ]; then
    remarks=$(awk 'rows && !/^\|/; /^\| [a-z]+ \| [0-9]/ { rows = 1 }' docs/COVERAGE.md)
    grep -E '^\| [a-z]+ \| [0-9]' docs/COVERAGE.md | while read -r row; do
        echo "$row" >"$rows/$(cut -d' ' -f2 <<<"$row")"
    done
fi

export -f fuzz
export binary seconds rows code
status=0
printf '%s\n' "${targets[@]}" | xargs -P "$(nproc)" -n 1 bash -euo pipefail -c 'fuzz "$1"' fuzz || status=1

if [ -n "$(ls "$rows")" ]; then
    {
        cat <<TEXT
# Coverage-guided fuzzing

Written by \`make cover\`: libFuzzer on [the corpus](../fuzz/corpus). *Reached* are edges between blocks of code, of the whole
program: those that the corpus reaches by itself, and those that were reached at the end.

| reader | inputs | reached at first | reached | findings | CPU seconds | most memory, MiB | code |
| --- | ---: | ---: | ---: | ---: | ---: | ---: | --- |
TEXT
        cat "$rows"/*
        [ -z "$remarks" ] || printf '%s\n' "$remarks"
    } >docs/COVERAGE.md
fi
exit "$status"
